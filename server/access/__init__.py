"""Who may use the gateway: client addresses, origins, tokens, TLS and the WeChat login."""
