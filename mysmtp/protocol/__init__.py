"""The protocols, without a socket in sight: octets in, replies out. What mail does is asked of injected seams."""
