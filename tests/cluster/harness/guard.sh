# Ends the processes of a test run and removes its folder ($1) as soon as standard input ends: that is once the
# process that started this one is gone, however it went. It runs in a process group of its own, so that Ctrl-C in
# a terminal does not reach it. Its first line of output is the process group that the others have to join.
set -m
trap '' HUP INT TERM
sleep 2147483647 <&- >&- 2>&- &
group=$!
disown # Nobody needs to read that it was killed.
echo "$group"
cat >/dev/null
kill -KILL -- "-$group"
# A process that is being killed may still create a file.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$1" && break
    sleep 0.1
done
