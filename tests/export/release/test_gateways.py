"""Reading the metrics of gateways, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from export.errors import ReleaseError
from export.release.gateways import Gateways

PAGE = """\
framewire_canary_share{label="canary-5"} 0.05
framewire_canary_share{label="canary-25"} 0.25
framewire_shadow_share{candidate="canary"} 0.1
framewire_model_results_total{model="digits",version="4"} 7.0
"""


@pytest.fixture
def pages() -> Iterator[dict[str, str]]:
    """What a server answers, by path; ``address`` is where it listens."""
    answers: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = answers.get(self.path)
            self.send_response(200 if page is not None else 404)
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    answers["address"] = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_gateway_is_named_by_its_address_or_by_its_page_and_counts_once(
    pages: dict[str, str],
) -> None:
    pages["/metrics"] = pages["/behind/metrics"] = PAGE
    address = pages["address"]
    urls = [address, f"http://{address}/", f"http://{address}/behind", f"http://{address}/metrics"]
    gateways = Gateways(urls)
    name = ("framewire_model_results_total", frozenset({("model", "digits"), ("version", "4")}))
    assert [samples[name] for samples in gateways.read().values()] == [7.0, 7.0]
    gateways.check(["canary-5", "canary-25"], ["4", "canary"])


@pytest.mark.parametrize("page", ["<html>a page</html>", "a 1 " + "9" * 400, '# TYPE " counter'])
def test_what_answers_is_no_gateway(pages: dict[str, str], page: str) -> None:
    pages["/metrics"] = page
    with pytest.raises(ReleaseError, match=r"no metrics at .*: .* not the metrics of a gateway"):
        Gateways([pages["address"]]).check([], None)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://{0}/missing", "it answered 404"),
        ("ws://{0}/ws", "unknown url type: ws"),
        ("127.0.0.1:1", "Connection refused"),
        ("a..b", "not the metrics of a gateway"),
    ],
)
def test_why_there_are_no_metrics(pages: dict[str, str], url: str, words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        Gateways([url.format(pages["address"])]).check([], None)


def test_a_gateway_that_does_not_answer_is_left_out(pages: dict[str, str]) -> None:
    pages["/metrics"], pages["/broken/metrics"] = PAGE, "framewire_{"
    address = pages["address"]
    answers = Gateways([address, f"{address}/broken", f"{address}/missing", "127.0.0.1:1"]).read()
    assert list(answers) == [f"http://{address}/metrics"]


@pytest.mark.parametrize(
    ("labels", "candidates", "words"),
    [
        (["canary-5", "canary-50"], None, "with --canary-steps 5,50"),
        ([], ["4"], "no gateway compares the canary with the version in use"),
    ],
)
def test_what_a_gateway_lacks(
    pages: dict[str, str], labels: list[str], candidates: list[str] | None, words: str
) -> None:
    pages["/metrics"] = PAGE
    with pytest.raises(ReleaseError, match=words):
        Gateways([pages["address"]]).check(labels, candidates)


def test_every_gateway_must_answer_at_first() -> None:
    with pytest.raises(ReleaseError, match="no metrics at http://127"):
        Gateways(["127.0.0.1:1"]).check([], None)
