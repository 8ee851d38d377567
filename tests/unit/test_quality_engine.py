"""The expectation library is loaded once, without what no expectation of ours needs, and harms nobody doing so."""

import subprocess
import sys

from quality.engine import expectation, library

LOADS = """
import sys, threading
from quality.engine import library, preload
found = []
threads = [preload(), *(threading.Thread(target=lambda: found.append(library())) for _ in range(4))]
[thread.start() for thread in threads[1:]]
[thread.join() for thread in threads]
assert len({id(each) for each in found}) == 1, found
assert not {"altair", "scipy.stats"} & set(sys.modules), "parts we never use were loaded"
from scipy import stats
assert stats.norm.cdf(0) == 0.5
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as distribution
assert distribution.stats.norm.cdf(0) == 0.5, "what was put off loads when it is used"
print("ok")
"""

AFTERWARDS = """
import scipy.stats
before = scipy.stats
from quality.engine import library
library()
import sys
assert sys.modules["scipy.stats"] is before
print("ok")
"""


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_threads_share_one_library_and_unused_parts_load_only_when_used() -> None:
    assert _run(LOADS) == "ok"


def test_a_module_somebody_else_loaded_first_stays_theirs() -> None:
    assert _run(AFTERWARDS) == "ok"


def test_describing_expectations_does_not_load_the_library() -> None:
    code = "import sys, quality.derive, quality.gate, quality.gates; print('great_expectations' in sys.modules)"
    assert _run(code) == "False"


def test_a_process_warmed_by_import_may_be_forked() -> None:
    code = """
import os, sys, threading
import quality.warm
assert "great_expectations" in sys.modules and threading.active_count() == 1
if (child := os.fork()) == 0:
    from quality.engine import library
    library()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""
    assert _run(code) == "0"


def test_an_expectation_derives_its_configuration_once_and_as_the_library_would() -> None:
    arguments = {"column": "score", "min_value": 0, "max_value": 1, "meta": {"position": 3}}
    ours = expectation("ExpectColumnValuesToBeBetween")(**arguments)
    theirs = library().expectations.ExpectColumnValuesToBeBetween(**arguments)
    assert ours.configuration is ours.configuration
    assert ours.configuration.to_json_dict() == {**theirs.configuration.to_json_dict(), "type": ours.expectation_type}
