"""`mysmtp serve`: the server, with an option for each row of `config.OPTIONS`. The only command that starts one."""

import time
from pathlib import Path
from typing import Any

import click

from mysmtp import config
from mysmtp.commands.options import PORTS, Folder


def _octets(context: click.Context, param: click.Parameter, value: str) -> int:
    try:
        return config.parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


class _PortOrOff(click.ParamType[Any]):
    """A port, or `off` for none."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        return value if value == "off" else PORTS.convert(value, param, context)


def _type_of(option: config.Option) -> Any:
    if option.choices:
        return click.Choice(option.choices)
    if option.field in config.SIZES:
        return click.STRING
    if option.field.endswith("port"):
        return PORTS if option.field in ("port", "web_port") else _PortOrOff()
    match option.default:
        case int():
            return click.IntRange(min=0 if option.default == 0 or option.field == "sessions_kept" else 1)
        case float():
            return click.FloatRange(min=0, min_open=True)
        case Path():
            return Folder()
        case None:
            return click.Path(path_type=Path)
    return None


def _as_click(option: config.Option) -> click.Option:
    common: dict[str, Any] = {
        "help": option.help,
        "envvar": option.variable,
        "show_envvar": True,
        "default": option.default,
    }
    if isinstance(option.default, bool):
        return click.Option([option.flag], is_flag=True, **common)
    common["show_default"] = bool(option.default)
    multiple = isinstance(option.default, tuple)
    if option.field in config.SIZES:
        common |= {"default": config.show_default(option), "callback": _octets}
    return click.Option([option.flag], type=_type_of(option), metavar=option.takes, multiple=multiple, **common)


def _serve(positional_port: int | None, **settings: Any) -> None:
    started = time.monotonic()
    context = click.get_current_context()
    if positional_port is not None:
        if context.get_parameter_source("port") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("give the port once: as PORT or as --port")
        settings["port"] = positional_port
    from gevent import monkey

    monkey.patch_all()
    from mysmtp import serving

    context.exit(serving.run(config.from_mapping(settings), started))


serve = click.Command(
    "serve",
    callback=_serve,
    params=[
        click.Argument(["positional_port"], type=PORTS, required=False, metavar="[PORT]"),
        *map(_as_click, config.OPTIONS),
    ],
    help="Run the server: mail and pages, one process. PORT is the mail port, as the original program takes it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
