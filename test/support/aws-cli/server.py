"""The unmodified aws CLI, imported once: every call is a fork of this process that runs the CLI's own `main`.

Starting Python and importing the CLI costs far more than a call itself. The program that runs is the same, with the
caller's arguments, environment, folder and standard streams. Ends when its standard input does.
"""

import array
import io
import json
import os
import select
import signal
import socket
import sys
import threading

import awscli.clidriver
import awscli.handlers  # noqa: F401 - what the CLI would import at every start
import botocore.session  # noqa: F401


def received(connection, size):
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            os._exit(70)
        parts += part
    return parts


def serve(connection):
    """One call, in a process of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(3 * 4))
    streams = array.array("i")
    for _, _, data in ancillary:
        streams.frombytes(data)
    call = json.loads(received(connection, int.from_bytes(size, "big")))
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False))
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(descriptor, "wb", closefd=False)
        setattr(sys, name, io.TextIOWrapper(stream, line_buffering=os.isatty(descriptor)))
    os.chdir(call["folder"])
    # The CLI notes where its own data are when it is imported.
    data = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]} if "AWS_DATA_PATH" in os.environ else {}
    os.environ.clear()
    os.environ.update({**call["env"], **data})
    sys.argv = ["aws", *call["args"]]

    def ends_with_its_caller():
        if connection.recv(1) == b"":
            os._exit(130)

    threading.Thread(target=ends_with_its_caller, daemon=True).start()
    try:
        status = awscli.clidriver.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = status or 1
    connection.sendall(bytes([status or 0]))
    os._exit(0)


def main(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            serve(connection)
        connection.close()


main(sys.argv[1])
