"""Who may come in: addresses, origins, tokens, certificates and WeChat's login."""
