#!/bin/busybox sh
address=$(/bin/busybox ip -4 -o addr show eth0 | /bin/busybox awk '{ sub("/.*", "", $4); print $4 }')
page=$(/bin/busybox cat <<PAGE
<!doctype html>
<title>Hello from Stowage</title>
<style>body{font:18px system-ui;margin:15vh auto;max-width:34rem;color:#1d2733}h1{font-weight:600}b{color:#0b6bcb}</style>
<h1>Hello from a container</h1>
<p>This page was made by the task at <b>$address</b> (revision $REVISION), behind an application load balancer.</p>
<p>Reload it: another task answers.</p>
PAGE
)
# With a length the connection stays open for the next request.
printf 'Content-Type: text/html\r\nContent-Length: %d\r\n\r\n%s\n' $((${#page} + 1)) "$page"
