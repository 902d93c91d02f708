# Makes a folder for a test run, and as soon as standard input ends, which is once the process that started this one is
# gone, however it went, ends the processes of the run and removes the folder. It runs in a process group of its own, so
# that Ctrl-C in a terminal does not reach it. Its output are two lines: the process group that the others have to join,
# and the folder.
set -eum
trap '' HUP INT TERM
sleep 2147483647 <&- >&- 2>&- &
group=$!
disown # Nobody needs to read that it was killed.
dir=$(mktemp -d "${TMPDIR:-/tmp}/podgate-cluster-XXXXXX")
printf '%s\n' "$group" "$dir"
cat >/dev/null
kill -KILL -- "-$group" || : # None is left.
# A process that is being killed may still create a file.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$dir" && break
    sleep 0.1
done
