"""Languages as BCP 47 tags, from codes and from names in English, in Japanese and in the language itself."""

from __future__ import annotations

import re

from kumitate.errors import RecordError
from kumitate.readings.reading import NOTHING, Reading, Step, stepped
from kumitate.readings.text import TEXT_STEPS

_LANGUAGES = """
aa aar Afar | ab abk Abkhazian | af afr Afrikaans | ak aka Akan | am amh Amharic/アムハラ語 | an arg Aragonese |
ar ara Arabic/アラビア語/العربية | as asm Assamese | av ava Avaric | ay aym Aymara | az aze Azerbaijani |
ba bak Bashkir | be bel Belarusian | bg bul Bulgarian/ブルガリア語 | bi bis Bislama | bm bam Bambara |
bn ben Bengali/Bangla/ベンガル語 | bo bod/tib Tibetan/チベット語 | br bre Breton | bs bos Bosnian |
ca cat Catalan/カタルーニャ語 | ce che Chechen | ch cha Chamorro | co cos Corsican | cr cre Cree |
cs ces/cze Czech/チェコ語/čeština | cv chv Chuvash | cy cym/wel Welsh | da dan Danish/デンマーク語/dansk |
de deu/ger German/ドイツ語/Deutsch | dv div Divehi | dz dzo Dzongkha | ee ewe Ewe |
el ell/gre Greek/ギリシャ語/ελληνικά | en eng English/英語/英 | eo epo Esperanto/エスペラント |
es spa Spanish/スペイン語/español/Castilian | et est Estonian/エストニア語 | eu eus/baq Basque |
fa fas/per Persian/Farsi/ペルシア語 | ff ful Fulah | fi fin Finnish/フィンランド語/suomi | fj fij Fijian |
fo fao Faroese | fr fra/fre French/フランス語/français | fy fry Western Frisian | ga gle Irish |
gd gla Scottish Gaelic | gl glg Galician | gn grn Guarani | gu guj Gujarati | gv glv Manx | ha hau Hausa |
he heb Hebrew/ヘブライ語 | hi hin Hindi/ヒンディー語/हिन्दी | hr hrv Croatian/クロアチア語 | ht hat Haitian |
hu hun Hungarian/ハンガリー語/magyar | hy hye/arm Armenian | id ind Indonesian/インドネシア語/Bahasa Indonesia |
ig ibo Igbo | ii iii Sichuan Yi | is isl/ice Icelandic/アイスランド語 | it ita Italian/イタリア語/italiano |
iu iku Inuktitut | ja jpn Japanese/日本語/邦語/和 | jv jav Javanese | ka kat/geo Georgian | kk kaz Kazakh |
kl kal Greenlandic | km khm Khmer/クメール語/カンボジア語 | kn kan Kannada |
ko kor Korean/韓国語/朝鮮語/ハングル/한국어 | ku kur Kurdish | kw cor Cornish | ky kir Kyrgyz |
la lat Latin/ラテン語 | lb ltz Luxembourgish | lg lug Ganda | ln lin Lingala | lo lao Lao/ラオス語 |
lt lit Lithuanian/リトアニア語 | lv lav Latvian/ラトビア語 | mg mlg Malagasy | mi mri/mao Maori |
mk mkd/mac Macedonian | ml mal Malayalam | mn mon Mongolian/モンゴル語 | mr mar Marathi |
ms msa/may Malay/マレー語/Bahasa Melayu | mt mlt Maltese | my mya/bur Burmese/ミャンマー語/ビルマ語 |
nb nob Norwegian Bokmål | ne nep Nepali/ネパール語 | nl nld/dut Dutch/オランダ語/Nederlands |
nn nno Norwegian Nynorsk | no nor Norwegian/ノルウェー語/norsk | nv nav Navajo | ny nya Chichewa |
oc oci Occitan | om orm Oromo | or ori Odia | os oss Ossetian | pa pan Punjabi |
pl pol Polish/ポーランド語/polski | ps pus Pashto | pt por Portuguese/ポルトガル語/português | qu que Quechua |
rm roh Romansh | rn run Rundi | ro ron/rum Romanian/ルーマニア語 | ru rus Russian/ロシア語/русский |
rw kin Kinyarwanda | sa san Sanskrit | sc srd Sardinian | sd snd Sindhi | se sme Northern Sami |
si sin Sinhala | sk slk/slo Slovak/スロバキア語 | sl slv Slovenian/スロベニア語 | sm smo Samoan | sn sna Shona |
so som Somali | sq sqi/alb Albanian | sr srp Serbian/セルビア語 | ss ssw Swati | st sot Southern Sotho |
su sun Sundanese | sv swe Swedish/スウェーデン語/svenska | sw swa Swahili/スワヒリ語 | ta tam Tamil/タミル語 |
te tel Telugu | tg tgk Tajik | th tha Thai/タイ語/ไทย | ti tir Tigrinya | tk tuk Turkmen |
tl tgl Tagalog/タガログ語 | tn tsn Tswana | to ton Tongan | tr tur Turkish/トルコ語/Türkçe | ts tso Tsonga |
tt tat Tatar | tw twi Twi | ug uig Uyghur | uk ukr Ukrainian/ウクライナ語/українська | ur urd Urdu |
uz uzb Uzbek | ve ven Venda | vi vie Vietnamese/ベトナム語/tiếng việt | wo wol Wolof | xh xho Xhosa |
yi yid Yiddish | yo yor Yoruba | za zha Zhuang | zh zho/chi Chinese/中国語/中文 | zu zul Zulu |
fil fil Filipino/フィリピン語 | yue yue Cantonese/広東語 | cmn cmn Mandarin/北京語 | haw haw Hawaiian |
ain ain Ainu/アイヌ語 | ryu ryu Okinawan/沖縄語 | ceb ceb Cebuano | hmn hmn Hmong
"""
"""ISO 639-1 (else 639-3), 639-2 and -3 codes, names. 和 and 英 stand on Japanese forms."""

_TAG_BY_NAME = {
    "simplified chinese": "zh-Hans", "chinese (simplified)": "zh-Hans", "簡体字": "zh-Hans", "简体中文": "zh-Hans",
    "中国語(簡体字)": "zh-Hans", "中国語(簡体)": "zh-Hans", "traditional chinese": "zh-Hant", "繁体字": "zh-Hant",
    "chinese (traditional)": "zh-Hant", "繁體中文": "zh-Hant", "中国語(繁体字)": "zh-Hant", "中国語(繁体)": "zh-Hant",
    "british english": "en-GB", "american english": "en-US", "brazilian portuguese": "pt-BR",
}  # fmt: skip
_REPLACED = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro"}
"""Codes that ISO 639 withdrew (RFC 5646, 3.1.6: Preferred-Value)."""

_LISTED = [entry.split(maxsplit=2) for entry in _LANGUAGES.split("|")]
_CODES = {code for code, _, _ in _LISTED}
_PREFERRED = {long: code for code, longer, _ in _LISTED for long in longer.split("/")} | _REPLACED
_NAMES = {name.strip().casefold(): code for code, _, names in _LISTED for name in names.split("/")} | _TAG_BY_NAME

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<rest>(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}|[a-z0-9](?:-[a-z0-9]{2,8})+))*)",
    re.IGNORECASE,
)
_POSIX_ENDING = re.compile(r"[.@][A-Za-z0-9_-]+$")


def _with_hyphens(value: str) -> str:
    """`ja_JP.UTF-8` is `ja-JP`."""
    return _POSIX_ENDING.sub("", value).replace("_", "-")


def _cased(value: str) -> str:
    """As RFC 5646, 2.1.1 recommends: `zh-Hant-TW`."""
    tag = _TAG.fullmatch(value)
    if tag is None:
        return value
    script = f"-{tag['script'].title()}" if tag["script"] else ""
    region = f"-{tag['region'].upper()}" if tag["region"] else ""
    return tag["language"].lower() + script + region + tag["rest"].lower()


def _preferred(value: str) -> str:
    """`jpn-JP` is `ja-JP`, `iw` is `he`."""
    language, hyphen, rest = value.partition("-")
    return _PREFERRED.get(language, language) + hyphen + rest


_STEPS: tuple[Step, ...] = (("notation", _with_hyphens), ("case", _cased), ("notation", _preferred))


def read_language(value: str) -> Reading:
    """`ja_JP` is `ja-JP`; `Japanese` and `日本語` are `ja`."""
    text = stepped(value, TEXT_STEPS)
    if not text.value:
        return NOTHING
    found = stepped(text.value, _STEPS, text.codes)
    if _TAG.fullmatch(found.value) and found.value.partition("-")[0] in _CODES:
        return found
    code = _NAMES.get(text.value.casefold())
    if code is None:
        raise RecordError("language.unknown")
    return Reading(code, (*text.codes, "language_name"))
