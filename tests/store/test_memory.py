import pytest

from mysmtp.contracts import MessageStore
from mysmtp.store.memory import MemoryStore
from tests.store.contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def any_store(self) -> MessageStore:
        return MemoryStore()
