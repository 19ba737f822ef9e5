#!/bin/sh
# Prints each event about a supplier, one CloudEvent a line, and misses none, whatever becomes of connections.
#
#   CURL_CA_BUNDLE=ca.pem sh watch_sse.sh https://registry.example:7443 lei:5493001KJTIIGC8Y1R12 last-event
#
# The third file remembers the last event that was printed; without the file everything is printed from the start.

address=$1 supplier=$2 memory=$3

while :; do
  after=$(cat "$memory" 2>/dev/null)
  # The registry says something every 15 seconds: 40 without a byte, and the connection is dead.
  curl --silent --show-error --no-buffer --fail --speed-limit 1 --speed-time 40 --get "$address/v1/events" \
       --data-urlencode "supplier=$supplier" --data-urlencode "after=${after:-start}" |
    while IFS= read -r line; do
      case $line in
        "id: "*) id=${line#id: } ;;
        # Only what is an event has an id; a checkpoint has none.
        "data: "*) [ -z "$id" ] || { printf '%s\n' "${line#data: }" && printf '%s' "$id" > "$memory.new" && mv "$memory.new" "$memory"; } ;;
        "") id= ;;
      esac
    done
  sleep 1
done
