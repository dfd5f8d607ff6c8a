"""How much memory a process has while something goes on."""
import threading


class Memory(threading.Thread):
    """with Memory(process) as memory: ... looks several times a second; memory.most is then the most it saw, in MiB. `process` has
    status() as Daemon has it."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.over, self.most = process, threading.Event(), 0.0

    def look(self):
        self.most = max(self.most, self.process.status("VmRSS") / 1024)

    def run(self):
        while not self.over.wait(0.2):
            self.look()

    def __enter__(self):
        self.look()
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
