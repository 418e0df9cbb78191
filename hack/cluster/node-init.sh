#!/bin/sh
# Process 1 of a node: mounts that vanish with it, containerd, kubelet, kube-proxy. A shell, because it reaps
# what containerd's shims leave to it, and takes a megabyte. SIGUSR1 starts the kubelet again.
set -eu

hostname "$NODE_NAME"
# A peer group of its own, so that volumes that are mounted later reach containers.
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "$NODE_DIRECTORY/lib" "$NODE_DIRECTORY/log" /run/netns
mount --bind "$NODE_DIRECTORY/lib" /var/lib
mount --bind "$NODE_DIRECTORY/log" /var/log
mkdir -p /var/lib/cni /var/lib/kubelet
# What a dead node knew of the pods' networks is not true any more.
rm -rf /var/lib/cni/*

containerd --config "$NODE_DIRECTORY/containerd.toml" >>/var/log/containerd.log 2>&1 &

tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo 'containerd does not answer'; exit 1; }
  sleep 0.1
done

run_kubelet() {
  "$CLUSTER_BIN/kubelet" --kubeconfig="$NODE_DIRECTORY/kubeconfig" \
    --config="$NODE_DIRECTORY/kubelet.yaml" --hostname-override="$NODE_NAME" \
    --node-ip="$NODE_ADDRESS" --node-labels="topology.kubernetes.io/zone=$NODE_ZONE" \
    >>/var/log/kubelet.log 2>&1 &
  echo $! >/run/kubelet.pid
}
trap run_kubelet USR1
run_kubelet

# shellcheck disable=SC2086 # the arguments are words
"$CLUSTER_BIN/kube-proxy" $PROXY_ARGS >>/var/log/kube-proxy.log 2>&1 &

while :; do
  sleep 3600 &
  wait $! || :
done
