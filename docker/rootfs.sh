#!/bin/sh
# Makes the file system of the image: a program, the shared libraries that ldd names for it, and what the
# two need to run. Called by Dockerfile; runs on any Debian, so that the image can be tried without an engine:
#   docker/rootfs.sh target/release/order-service FOLDER
set -eu

program=$1
root=$2

if [ -e "$root" ]; then
  echo "rootfs.sh: $root exists; name a folder that does not" >&2
  exit 1
fi
mkdir -p "$root"
install -D -m 0755 "$program" "$root/usr/bin/order-service"

# Libraries go where the loader looks for them. Of each Debian package that a file comes from, the version
# is kept where scanners look (as distroless images do) and the licence beside it.
keep() {
  file=$(realpath "$1")
  # Packages name files by the folders that were there before /lib became a link to /usr/lib.
  package=$(dpkg-query --search "$file" "${file#/usr}" 2>/dev/null | sed -n '1s/:.*//p')
  if [ -z "$package" ]; then
    echo "rootfs.sh: $file is of no Debian package; build on a Debian image" >&2
    exit 1
  fi
  mkdir -p "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/$package"
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
}
libraries=$(ldd "$program" | awk '$2 == "=>" { print $3 } $1 ~ "^/" { print $1 }')
for library in $libraries; do
  install -D -m 0755 "$(realpath "$library")" "$root$library"
  keep "$library"
done

# Whom the service trusts where no authority is named.
install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/var/lib/dpkg/status.d"
dpkg-query --status ca-certificates >"$root/var/lib/dpkg/status.d/ca-certificates"

# Nobody but the user that the service runs as.
mkdir -p "$root/etc"
echo 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' >"$root/etc/passwd"
echo 'nogroup:x:65534:' >"$root/etc/group"

# The relay to PostgreSQL has its socket in /tmp.
mkdir -m 1777 "$root/tmp"
