"""What the guide says on the phone, in both of its languages, and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

# Everyone's, then by platform. In the order of steps.
STEPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "iphone": (
            "Tap <em>Install the certificate</em> in Safari, and allow the profile.",
            "Open Settings, tap <em>Profile Downloaded</em> at the top, and install it.",
            "In Settings → General → About → Certificate Trust Settings, turn on the certificate.",
            "Come back, and open the camera page.",
        ),
        "android": (
            "Tap <em>Install the certificate</em> to download it.",
            "In Settings, search for <em>CA certificate</em> (Security → Encryption &amp; "
            "credentials → Install a certificate), choose it, and install the file anyway.",
            "Come back, and open the camera page in Chrome.",
        ),
    },
    "zh": {
        "iphone": (
            "在 Safari 中点“安装证书”，允许下载描述文件。",
            "打开“设置”，点顶部的“已下载描述文件”，再点“安装”。",
            "进入“设置 → 通用 → 关于本机 → 证书信任设置”，打开该证书的开关。",
            "回到这里，打开摄像头页面。",
        ),
        "android": (
            "点“安装证书”，下载证书文件。",
            "在系统设置里搜索“CA 证书”（安全 → 加密与凭据 → 安装证书），点“仍然安装”，"
            "选择刚下载的文件。",
            "回到这里，用 Chrome 打开摄像头页面。",
        ),
    },
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "lang": "en",
        "title": "Framewire on this phone",
        "why": "Browsers allow camera access over HTTPS only. This certificate lets your phone "
        "trust the demo on your computer. It is valid for private networks alone, never for a site "
        "on the internet.",
        "install": "Install the certificate",
        "open": "Open the camera page",
        "iphone": "iPhone, iPad",
        "android": "Android",
        "remove": "When you are done, remove the certificate in the same settings.",
    },
    "zh": {
        "lang": "zh-CN",
        "title": "在手机上试用 Framewire",
        "why": "浏览器只允许 HTTPS 页面使用摄像头。安装这个证书后，手机就会信任你电脑上的演示页面。"
        "它只对内网地址有效，对任何互联网网站都无效。",
        "install": "安装证书",
        "open": "打开摄像头页面",
        "iphone": "iPhone、iPad",
        "android": "安卓",
        "remove": "用完后，请在同一设置中删除该证书。",
    },
}

# Lines fit into a terminal of 80 columns, beside the name of the process.
TERMINAL = Template("""
On a phone in the same network, scan this code,
or open $guide

$code
The page leads you through the setup on iPhone and Android: the
phone installs a certificate that was made on this machine, then
opens the camera page, $page

Remove the certificate from the phone when you are done.
""")
