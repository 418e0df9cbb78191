#!/bin/sh
# Makes the certificates of this folder anew. Needs openssl.
set -eu
cd "$(dirname "$0")"

FROM=20200101000000Z
TO=21200101000000Z

# `openssl ca`, since others cannot set the start of validity.
cat >ca.cnf.tmp <<END
[ca]
default_ca = any
[any]
database = index.tmp
rand_serial = yes
default_md = sha256
policy = any_policy
new_certs_dir = .
[any_policy]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
[serverAuth]
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
[clientAuth]
subjectAltName = DNS:localhost
extendedKeyUsage = clientAuth
END

request() { # NAME
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj "/CN=$1" -keyout "$1.key.pem" -out "$1.csr.tmp"
}

sign() { # NAME EXTENSIONS ARGUMENTS…
  name=$1
  extensions=$2
  shift 2
  : >index.tmp
  openssl ca -config ca.cnf.tmp -batch -notext -startdate $FROM -enddate $TO \
    -extensions "$extensions" -in "$name.csr.tmp" -out "$name.pem" "$@"
}

authority() { # NAME
  request "$1"
  sign "$1" authority -selfsign -keyfile "$1.key.pem"
}

certificate() { # NAME AUTHORITY USAGE
  request "$1"
  sign "$1" "$3" -cert "$2.pem" -keyfile "$2.key.pem"
}

authority tests
authority strangers
certificate server tests serverAuth
certificate renewed tests serverAuth
certificate client tests clientAuth
certificate stranger strangers clientAuth

# The keys of the authorities are not kept.
mv tests.pem ca.pem
rm -f tests.key.pem strangers.pem strangers.key.pem

printf 'of no use anywhere\n' >client.pass.txt
openssl pkcs8 -topk8 -in client.key.pem -out client.key.tmp -passout file:client.pass.txt
mv client.key.tmp client.key.pem

find . -regextype posix-extended -regex '\./[0-9A-F]{16,}\.pem' -delete
rm -f ./*.tmp ./*.tmp.*
