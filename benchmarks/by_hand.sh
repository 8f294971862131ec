#!/usr/bin/env bash
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a careful person's script does with ssh, helm and kubectl, on a site where nothing has to change. benchmarks/site.py
# runs it beside the second run of site.yml. It takes the files that playbooks/render.yml wrote (OUT), and trusts them.
#
# Environment: OUT, ROUTER and CLUSTER (folders below OUT), SSH_COMMAND (with all options and the host), HELM, CHART, CONTEXT,
# KUBECONFIG, SESSIONS (how many must be up).
set -eu -o pipefail

on_router() { sh -c "$SSH_COMMAND \"\$1\"" ssh "$1"; }

# Router: is every line of the file in the running configuration? If so nothing is sent.
on_router "vtysh -c 'show running-config'" | sed 's/^ *//' | sort -u >"$OUT/running"
# FRR does not show its defaults.
grep -v -e '^ *!' -e 'bgp ebgp-requires-policy' "$OUT/$ROUTER/frr.conf" | sed 's/^ *//' | sort -u >"$OUT/wanted"
if [ -n "$(comm -13 "$OUT/running" "$OUT/wanted")" ]; then
  echo "the router differs; this script only knows how to find that out" >&2
  exit 1
fi

# Cluster: Helm makes a new revision whether or not anything changed.
kube() { kubectl --context "$CONTEXT" "$@"; }
"$HELM" --kube-context "$CONTEXT" upgrade --install cilium "$CHART" --namespace kube-system \
  --values "$OUT/$CLUSTER/values.yaml" >/dev/null
kube -n kube-system rollout status daemonset/cilium --timeout=120s >/dev/null
kube -n kube-system rollout status deployment/cilium-operator --timeout=120s >/dev/null
for topic in nodes bgp lb services; do
  kube apply --server-side --force-conflicts --field-manager=by-hand -f "$OUT/$CLUSTER/manifests/$topic.yaml" >/dev/null
done

# Both ends: count sessions. No routes, no filters, no leases.
up=$(on_router "vtysh -c 'show bgp summary json'" | grep -c '"state":"Established"')
seen=$(kube get ciliumbgpnodeconfigs -o json | grep -c '"peeringState": "established"')
[ "$up" = "$SESSIONS" ] && [ "$seen" = "$SESSIONS" ]
