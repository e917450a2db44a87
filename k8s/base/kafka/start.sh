#!/bin/bash
# Starts a node of Kafka: its own part of the configuration, the log folder formatted where it is empty, then the server.
set -euo pipefail

config=/tmp/server.properties
cp /scripts/common.properties "$config"
{
  echo "node.id=$NODE_ID"
  echo "process.roles=$ROLES"
  # The plane's address and no other: on eth0 nobody listens.
  case $ROLES in
    *broker*)
      echo "listeners=DATA://$ADDRESS:9092,CONTROLLER://$ADDRESS:9093"
      # What clients are sent to. A name, or eth0's address, would lead them off the plane (ADV001).
      echo "advertised.listeners=DATA://$ADDRESS:9092"
      echo "inter.broker.listener.name=DATA"
      ;;
    *) echo "listeners=CONTROLLER://$ADDRESS:9093" ;;
  esac
} >>"$config"

/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$config"
exec /opt/kafka/bin/kafka-server-start.sh "$config"
