#!/bin/bash
# Certificates for trying on one machine, without cert-manager: an authority and the Secrets that base/certificates.yaml
# names otherwise. Run it again for new ones. Needs openssl and kubectl; KUBECTL says which.
set -euo pipefail

kubectl=${KUBECTL:-kubectl}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

key ca.key
openssl req -x509 -new -key ca.key -subj /CN=orders-ca -days 365 -out ca.crt

# make SECRET SAN…: a certificate for servers and clients, valid for 90 days.
make() {
  local secret=$1 names
  shift
  names=$(IFS=,; echo "$*")
  key tls.key
  openssl req -new -key tls.key -subj "/CN=$secret" -out tls.csr
  openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 -out tls.crt -extfile - 2>/dev/null <<EOF
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=$names
EOF
  cat tls.key tls.crt >tls-combined.pem
  $kubectl -n orders create secret generic "$secret" --dry-run=client -o yaml \
    --from-file=ca.crt --from-file=tls.crt --from-file=tls.key --from-file=tls-combined.pem | $kubectl apply -f -
}

make order-service-data-tls DNS:order-service-data.orders.svc DNS:order-service-data.orders.svc.cluster.local DNS:order-service-data
make order-service-mgmt-tls DNS:order-service-mgmt.orders.svc DNS:order-service-mgmt.orders.svc.cluster.local
make order-service-storage-tls DNS:order-service-storage.orders.svc
make order-db-tls DNS:order-db.orders.svc DNS:order-db IP:10.30.0.10
make order-db-backup-tls DNS:order-db-backup.orders.svc
make order-redis-tls DNS:order-redis.orders.svc DNS:order-redis IP:10.30.0.20
make order-kafka-tls DNS:order-kafka.orders.svc DNS:order-kafka IP:10.20.0.50 IP:10.20.0.51 IP:10.20.0.52
# For a caller and for Prometheus, to try with: kubectl -n orders get secret shop-web-tls -o jsonpath=…
make shop-web-tls DNS:web.shop.svc
make order-service-scrape-tls DNS:prometheus.monitoring.svc
