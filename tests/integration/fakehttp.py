"""What the fake services are served by: threads, keep-alive, TLS where a test wants it."""
import http.server
import threading


class FakeServer(http.server.ThreadingHTTPServer):
    """context: of ssl, for https."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, handler, context=None):
        super().__init__(address, handler)
        self.context = context

    def get_request(self):
        connection, address = super().get_request()
        if self.context:  # its handshake waits for the thread that reads
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *_):
        pass  # clients that are killed leave half requests behind: that is the point

    def url(self, name=None):
        """name: what the address is called by those who come here."""
        return f"http{'s' if self.context else ''}://{name or self.server_address[0]}:{self.server_address[1]}"


class Served:
    """with Service() as service: ... where `self.server` is a FakeServer."""

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *rest):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
