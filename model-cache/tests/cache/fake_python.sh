#!/bin/sh
# Stands in for `python3 -m pip download … --dest DIR REQUIREMENT`. Goes up from DIR to the folder that holds `calls`, notes the call
# there, and does what that folder says: fails with the words in `fail`, or delivers `fake.whl`.
set -eu
while [ $# -gt 1 ]; do
    if [ "$1" = --dest ]; then dest=$2; fi
    shift
done
root=$dest
while [ ! -e "$root/calls" ]; do root=$(dirname "$root"); done
echo "$1" >> "$root/calls"
if [ -e "$root/fail" ]; then
    cat "$root/fail" >&2
    exit 1
fi
cp "$root/fake.whl" "$dest/fake-1.0-py3-none-any.whl"
