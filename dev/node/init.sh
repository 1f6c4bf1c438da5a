#!/bin/sh
# The first process in a node's namespaces. When it ends, the kernel ends all others in them, and takes their mounts, devices
# and routes away: whatever becomes of a node, nothing of it stays behind.
#
#   unshare --mount --net --pid --fork --kill-child sh init.sh STATE [OWNER START]
#
# STATE: directory for what is to outlast it. OWNER, START: it ends when that process does; START, in clock ticks since boot,
# tells it from a later one with the same number. Prints "ready" when the rest of the node may come.
set -eu
state=$1 owner=${2:-} start=${3:-}

# What programs of a node keep at fixed places is theirs alone: short-lived in memory, the rest in STATE.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/outside
mount --bind /proc /run/outside
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /var/lib
for name in containerd kubelet; do
  mkdir -p "$state/$name" "/var/lib/$name"
  mount --bind "$state/$name" "/var/lib/$name"
done
mkdir -p "$state/log"
mount --bind "$state/log" /var/log
echo 1 >/proc/sys/net/ipv4/ip_forward

# The 22nd field of its stat; the command, in parentheses, may hold spaces.
owner_lives() {
  read -r line 2>/dev/null <"/run/outside/$owner/stat" || return 1
  set -- ${line##*) }
  [ "${20}" = "$start" ] && [ "$1" != Z ]
}

trap 'exit 0' TERM INT
echo ready
exec >/dev/null
# `wait` is also what takes leave of the processes whose parents have ended.
if [ -z "$owner" ]; then
  while :; do sleep 3600 & wait $!; done
else
  while owner_lives; do sleep 0.5 & wait $!; done
fi
