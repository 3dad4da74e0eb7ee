"""The gateway's addresses: WebSocket, upload, health, metrics and pages."""
