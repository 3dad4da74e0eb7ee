"""What the pages say about the results, in each of their languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language: templates for ``str.format``, and the heads of the tables.

    ``link`` leads from a README to the page. ``figures`` are the titles of what is compared, in
    the order of the comparison.
    """

    link: str
    cameras: str
    served: str
    charts: str
    head: Sequence[str]
    nothing: str
    unmeasured: str
    ratio: str
    better: str
    comma: str
    figures: Sequence[str]
    direct: str
    direct_head: Sequence[str]
    circumstances: str


ENGLISH = Words(
    link="[docs/benchmarks.md](docs/benchmarks.md)",
    cameras="Cameras served within the objective, by server",
    served="Cameras at 15 frames/s on {cores} cores, with 95 % of the results within 200 ms and "
    "99 % of the frames answered: the same model and pictures, measured by one command ({link}).",
    charts="Charts of all figures",
    head=(
        "server",
        "cameras within 200 ms",
        "peak, frames/s",
        "one camera, p50",
        "CPU time per frame",
        "at 3x: answered / peak",
        "at 3x: p99 age",
        "memory (PSS)",
    ),
    nothing="nothing answered",
    unmeasured="{server} was not measured: {failure}",
    ratio="Framewire serves {ratio:.2f} times the cameras of the best other one, {name}.",
    better="Better than Framewire by {figure}: {names}.",
    comma=", ",
    figures=(
        "cameras within the objective",
        "peak",
        "age with one camera",
        "CPU time per frame",
        "share of the peak at 3x",
        "age at 3x",
        "memory",
    ),
    direct="Direct Predict calls to the same model server:",
    direct_head=("frames per call", "calls at a time", "frames/s", "a call, median"),
    circumstances="{run.date}, `{run.command}`, {minutes:.0f} minutes: {run.cores} cores "
    "({run.processor}), load average before it {run.load_average:.1f}, CPython {run.python}, "
    "TensorFlow {run.tensorflow}, {run.pictures}. All figures: "
    "[benchmarks.json](benchmarks.json).",
)

CHINESE = Words(
    link="[docs/benchmarks.md](docs/benchmarks.zh-CN.md)",
    cameras="各服务器在延迟目标内能服务的摄像头路数",
    served="{cores} 个 CPU 核心能服务多少路 15 帧/秒的摄像头（95 % 的结果不超过 200 毫秒，"
    "99 % 的帧有结果）：同一模型、同一组画面，一条命令即可复测（{link}）。",
    charts="全部数据的图表",
    head=(
        "服务器",
        "200 ms 以内的摄像头数",
        "峰值，帧/秒",
        "单路摄像头，p50",
        "每帧的 CPU 时间",
        "三倍负载：应答数 / 峰值",
        "三倍负载：延迟 p99",
        "内存（PSS）",
    ),
    nothing="没有应答",
    unmeasured="{server} 未能测量：{failure}",
    ratio="Framewire 能服务的摄像头数是其余服务器中最好的 {name} 的 {ratio:.2f} 倍。",
    better="在{figure}方面优于 Framewire 的：{names}。",
    comma="、",
    figures=(
        "目标内的摄像头数",
        "峰值",
        "单路摄像头的延迟",
        "每帧的 CPU 时间",
        "三倍负载下应答数与峰值之比",
        "三倍负载下的延迟",
        "内存",
    ),
    direct="对同一个模型服务的直接 Predict 调用：",
    direct_head=("每次调用的帧数", "同时进行的调用数", "帧/秒", "单次调用，中位数"),
    circumstances="{run.date}，`{run.command}`，用时 {minutes:.0f} 分钟：{run.cores} 个核"
    "（{run.processor}），此前的平均负载为 {run.load_average:.1f}，CPython {run.python}，"
    "TensorFlow {run.tensorflow}，画面：{run.pictures}。全部数据见 "
    "[benchmarks.json](benchmarks.json)。",
)
