"""What stands in for `aws` on the tests' path: hands its arguments, environment, folder and standard streams to
server.py beside its socket, and ends with the status that comes back."""

import array
import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "socket"))
    call = json.dumps({"args": sys.argv[1:], "env": dict(os.environ), "folder": os.getcwd()}).encode()
    streams = array.array("i", [0, 1, 2]).tobytes()
    server.sendmsg([len(call).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    server.sendall(call)
    status = server.recv(1)
# Without a status the command ended by a signal, or the server is gone.
os._exit(status[0] if status else 70)
