"""Pure-ASGI middleware: `BaseHTTPMiddleware` would cost several times the request it wraps."""
