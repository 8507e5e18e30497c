"""Which user agents are programs that look at pages: crawlers, previews, monitors, browsers without a screen.

A pattern of words instead of a list of names: the names change by the week, and they say what they are. Browsers of
people hold no web address and no e-mail address, and none but Internet Explorer says `(compatible;`. Libraries (curl,
python-requests) are no bots: servers send events with them.
"""

from __future__ import annotations

import re
from functools import lru_cache

_BOT = re.compile(
    r"(?<!cu)bot(?:s?\b|[/_\-;,.)(\d])|robot|crawl|spider|slurp|archiver|indexer|scrap(?:er|y)|fetcher"
    r"|headless|phantomjs|selenium|webdriver|puppeteer|playwright|lighthouse|pagespeed|gtmetrix"
    r"|monitor|pingdom|uptime|synthetic|checkly|statuscake|nagios|zabbix|preview|validator|checker|checklink"
    r"|externalhit|externalagent|externalads|facebookcatalog|mediapartners|adsbot|inspectiontool|googleother|google-"
    r"|chatgpt|claude|perplexity|anthropic|cohere-|^whatsapp|^viber|^hatena|^coccoc|^ichiro|^disqus"
    r"|https?://|www\.|[a-z0-9]@[a-z0-9]|\(compatible;(?! msie| konqueror)|scanner|nikto|sqlmap|zgrab|ptst/",
    re.IGNORECASE,
)
_LONGEST = 512


def is_bot(agent: str) -> bool:
    return _judged(agent[:_LONGEST])


@lru_cache(maxsize=4_096)
def _judged(agent: str) -> bool:
    return _BOT.search(agent) is not None
