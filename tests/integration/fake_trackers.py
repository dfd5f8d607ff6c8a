"""Reply APIs of trackers and chats that have no server in reach, as strict as their documentation says: a request that
they would refuse is refused here, with the same status, and remembered. Each names where its shape comes from."""
import http.server
import json
import re
import threading
import urllib.parse


class FakeTracker:
    pass
