#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: unifi_bgp
short_description: Change the BGP configuration that UniFi Network holds for a router, as one transaction
version_added: 0.1.0
description:
  - Brings the FRR text that UniFi Network holds for a site (Settings > Routing > BGP) to a given configuration, by the
    API that this page uses. That API is private to UniFi; what is known of it is in the collection's documentation.
  - The steps are read what is held, look at the router over the host's own connection, let the router's FRR check the
    candidate, write a backup, write, read back, and wait until the router runs the text and its sessions are back. If
    one fails, the old text is written again.
  - Lines of the text that are not of the BGP instance, or of the lists and route-maps that filter for it, stay.
  - It talks to UniFi Network from the control machine, and nowhere else by HTTP. Redirects are not followed, and no
    proxy is used.
  - A router that cannot be reached is no error; the result then says that nothing is proven there.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  content:
    description:
      - The planned configuration. One C(router bgp) of the default VRF with the lists and route-maps that it names.
      - Empty takes that instance and its lists away. Where nothing else is in the text, the entry is deleted.
    type: str
    required: true
  stage:
    description:
      - V(expand) makes the filters the union of held and planned and adds neighbors, and removes nothing.
      - V(contract) and V(replace) bring exactly O(content).
    type: str
    choices: [expand, contract, replace]
    default: replace
  both_stages:
    description:
      - Whether the same run calls V(expand) and later V(contract). Only counts in check mode.
      - If V(true), V(expand) shows the whole difference and V(contract) nothing.
    type: bool
    default: false
  url:
    description: C(https://) and the console's address.
    type: str
    required: true
  site:
    description: UniFi's site, by its id, as it stands in the address of the UI.
    type: str
    default: default
  ca_path:
    description: PEM file of the authority, or of the certificate itself, on the control machine.
    type: path
  fingerprint:
    description:
      - SHA-256 of the certificate. Exactly this one is taken, whatever name it is for, and nothing is sent to another.
    type: str
  validate_certs:
    description: If V(false), any certificate is taken, and whoever answers gets the key.
    type: bool
    default: true
  api_key:
    description: A key of an admin who may change the site. Or O(username) and O(password).
    type: str
  username:
    description: A local admin without a second factor.
    type: str
  password:
    description: That admin's password.
    type: str
  frr_version:
    description: The FRR version that is assumed of a router that cannot be reached.
    type: str
    default: "10.1"
  take_over:
    description:
      - Names of objects, such as C(router bgp 65000), whose lines run on the router and stand neither in UniFi Network
        nor in the plan, and may be lost. Without a consent by name such a change is refused.
      - Names of planned lists and route-maps, such as C(route-map uplink), that another VRF, OSPF or another line on
        the router uses too, and that may decide there as planned. Lines of theirs that only run may go with it.
      - V(unseen) lets a router be written that SSH does not reach, so that nobody can look at what runs there.
    type: list
    elements: str
    default: []
  session_timeout:
    description: How many seconds the router may take to run a written text, with its sessions back.
    type: int
    default: 150
  backup_dir:
    description:
      - Folder on the control machine for what UniFi Network held before a change. It keeps ten files for each router.
      - Passwords of sessions are in them, so only their owner can read them.
    type: path
    default: ~/.local/state/hybridnet-cluster-edge
attributes:
  check_mode:
    support: full
    description: Reads both, lets FRR check the candidate, and writes nothing.
  diff_mode:
    support: full
    description: Shows BGP configuration from held to planned in normal form, secrets masked.
  platform:
    support: full
    platforms: posix
    description: A UniFi OS console with a gateway, reached from the control machine.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Bring the BGP that UniFi Network holds to the plan
  hybridnet.cluster_edge.unifi_bgp:
    content: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"
    url: https://192.0.2.1
    fingerprint: "{{ console_fingerprint }}"
    api_key: "{{ vault_unifi_key }}"
"""

RETURN = r"""
applied:
  description: What was done. V(none), V(upload), V(delete), or V(unknown) where the old text could not be restored,
    or where the answer to a write was lost and it may still be done.
  type: str
  returned: always
  sample: upload
proven:
  description:
    - Who proved it. V(router), which runs what UniFi Network holds, V(controller) alone, which holds it, or V(none).
  type: str
  returned: success
  sample: router
owner:
  description:
    - Who was found to hold the BGP instance before anything was done. V(controller), V(file), V(other), where bgpd runs
      one that stands nowhere, or V(nobody).
  type: str
  returned: success
  sample: controller
version:
  description: The router's FRR version, empty where it cannot be reached.
  type: str
  returned: success
  sample: "10.1.2"
backup:
  description: The backup of the old entry on the control machine.
  type: str
  returned: when something was written over
sessions:
  description: BGP sessions before and after, by address.
  type: dict
  returned: success
left:
  description: What a later V(contract) takes away or narrows, as a difference without secrets.
  type: str
  returned: success
rolled_back:
  description: Whether the old text was restored after a failure.
  type: bool
  returned: always
"""
