#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put each fault of the corpus into the twin of the reference site; print how soon verify says it, and that it is over.

A fault of which verify accuses others than those that its file names counts as not found, with what it said of them.

It needs root, as ./rehearse does. A look at both ends takes about a second, so the seconds are that exact.

Usage: ``python benchmarks/corpus.py [NAME...]``, with the packages of the tests (``./test pytest`` sets them up).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "collections"))

from ansible_collections.hybridnet.cluster_edge.tests.support.corpus import rehearsed
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import Fault, faults


def chosen_faults(words: list[str]) -> list[Fault]:
    """Return the faults that the command line names, by name; without a name all of them.

    Raises:
        SystemExit: there is no fault of such a name, or help was asked for.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a fault: a file of tests/corpus without .yml")
    names = parser.parse_args(words).names
    known = faults()
    unknown = sorted(set(names) - {fault.name for fault in known})
    if unknown:
        parser.error(f"NAME: no such fault: {' '.join(unknown)} (the files of tests/corpus, without .yml)")
    return [fault for fault in known if not names or fault.name in names]


def main(words: list[str]) -> int:
    """Print a line for each fault; return how many were not found, or whose end was not seen."""
    chosen = chosen_faults(words)
    missed = 0
    with rehearsed(lambda text: print(text, flush=True)) as site:
        print(f"{'fault':<36}{'kind':<8}{'codes':<20}{'said after':>10}{'over after':>12}")
        for fault in chosen:
            judged = site.judge(fault)
            red = "never" if judged.seconds is None else f"{judged.seconds:.1f} s"
            green = "never" if judged.healed is None else f"{judged.healed:.1f} s"
            missed += not judged.found or judged.healed is None
            codes = " ".join(fault.finds)
            print(f"{fault.name:<36}{fault.kind:<8}{codes:<20}{red:>10}{green:>12}", flush=True)
            for text in judged.lacking:
                print(f"    not said: {text}")
            for text in judged.strangers:
                print(f"    accuses somebody else: {text}")
            for text in judged.said if judged.seconds is None else judged.left:
                print(f"    {text}")
    print(f"{len(chosen) - missed} of {len(chosen)} faults found, and their end seen")
    return missed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
