"""What stands in for `aws` on the tests' path: hands its arguments, environment, folder and standard streams to
server.py beside its socket, and ends with the status that comes back. In another network namespace than that of
server.py it becomes the real `aws`."""

import array
import json
import os
import socket
import sys

folder = os.path.dirname(os.path.abspath(sys.argv[0]))
with open(os.path.join(folder, "namespace")) as namespace:
    elsewhere = namespace.read() != os.readlink("/proc/self/ns/net")
if elsewhere:
    real = os.readlink(os.path.join(folder, "real"))
    os.execv(real, [real, *sys.argv[1:]])

with socket.socket(socket.AF_UNIX) as server:
    server.connect(os.path.join(folder, "socket"))
    call = json.dumps({"args": sys.argv[1:], "env": dict(os.environ), "folder": os.getcwd()}).encode()
    streams = array.array("i", [0, 1, 2]).tobytes()
    server.sendmsg([len(call).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    server.sendall(call)
    status = server.recv(1)
# Without a status the command ended by a signal, or the server is gone.
os._exit(status[0] if status else 70)
