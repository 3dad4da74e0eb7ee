"""Read the metrics of gateways."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException

from prometheus_client.parser import text_string_to_metric_families

from export.errors import ReleaseError
from export.release.evidence import Samples

_TIMEOUT_S = 2.0
_MOST_BYTES = 16 * 2**20


class Gateways:
    """The gateways at ``addresses``: URLs, with or without ``/metrics`` at the end."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = [_metrics_url(address) for address in addresses]
        self._reasons: dict[str, str] = {}
        # Metrics are read directly, as the calls to the model server are.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def read(self) -> Mapping[str, Samples]:
        """Return the samples of each gateway that answers, by its URL."""
        answers = {address: self._samples(address) for address in self.addresses}
        return {address: samples for address, samples in answers.items() if samples is not None}

    def check(self, labels: Sequence[str], candidates: Sequence[str] | None) -> None:
        """Raise ``ReleaseError`` unless the gateways do what a canary needs.

        Each must answer and give each of ``labels`` its share of the sessions. At least one must
        compare one of ``candidates``; None: it need not.
        """
        answers = self.read()
        for address in self.addresses:
            if address not in answers:
                raise ReleaseError(f"no metrics at {address}: {self._reasons[address]}")
            followed = _values(answers[address], "framewire_canary_share", "label")
            missing = [label for label in labels if label not in followed]
            if missing:
                raise ReleaseError(
                    f"the gateway at {address} does not follow the label {missing[0]}; start it "
                    f"with --canary-steps {','.join(_share(label) for label in labels)}"
                )
        shadows = {
            candidate
            for samples in answers.values()
            for candidate in _values(samples, "framewire_shadow_share", "candidate")
        }
        if candidates is not None and not shadows.intersection(candidates):
            raise ReleaseError(
                f"no gateway compares the canary with the version in use; start one with --shadow "
                f"{candidates[0]}, or judge errors and delay alone with --no-shadow"
            )

    def _samples(self, address: str) -> Samples | None:
        try:
            with self._opener.open(address, timeout=_TIMEOUT_S) as answer:
                text = answer.read(_MOST_BYTES).decode()
            return {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
        except OSError as error:
            self._reasons[address] = _reason(error)
        except (HTTPException, ValueError, LookupError, ArithmeticError):
            self._reasons[address] = "what answers there are not the metrics of a gateway"
        return None


def _reason(error: OSError) -> str:
    """Return why a page could not be read."""
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered {error.code}"
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause)


def _values(samples: Samples, name: str, label: str) -> set[str]:
    return {dict(labels)[label] for own, labels in samples if own == name}


def _share(label: str) -> str:
    return label.rpartition("-")[2]


def _metrics_url(address: str) -> str:
    url = address if "://" in address else f"http://{address}"
    return url if url.endswith("/metrics") else f"{url.rstrip('/')}/metrics"
