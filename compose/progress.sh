# A command that takes a while, with a line that moves. Sourced, not run.

# moving LABEL LOG COMMAND...: runs it with its output added to LOG; on a terminal shows how many lines that has come to. Says how
# long it took, and returns what it returned.
moving() {
  local label=$1 log=$2 began=$SECONDS pid code=0
  shift 2
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    [ ! -t 1 ] || printf '\r%s ... %d steps, %d s ' "$label" "$(wc -l <"$log")" $((SECONDS - began))
    sleep 0.3
  done
  wait "$pid" || code=$?
  [ ! -t 1 ] || printf '\r\033[K'
  [ $code != 0 ] || printf '%s: ready (%d s)\n' "$label" $((SECONDS - began))
  return $code
}
