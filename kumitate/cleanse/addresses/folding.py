"""What people write differently and mean alike in the names of places: one character for each of a kind."""

from __future__ import annotations

import re

_ALIKE = """
亜亞 囲圍 壱壹 栄榮 駅驛 応應 桜櫻 仮假 会會 懐懷 覚覺 楽樂 陥陷 歓歡 気氣 戯戲 拠據 区區 径徑 渓溪 軽輕 芸藝 圏圈 権權
厳嚴 恒恆 国國 斎齋 雑雜 蚕蠶 残殘 児兒 実實 釈釋 従從 縦縱 焼燒 条條 剰剩 壌壤 醸釀 真眞 尽盡 酔醉 声聲 浅淺 銭錢 禅禪
争爭 挿插 属屬 対對 滞滯 択擇 単單 断斷 鋳鑄 鉄鐵 伝傳 党黨 闘鬪 届屆 脳腦 廃廢 発發 蛮蠻 払拂 辺邊邉 宝寶 没沒 満滿 薬藥
余餘 様樣 乱亂 両兩 礼禮 霊靈 炉爐 湾灣 悪惡 医醫 飲飮 営營 円圓 欧歐 奥奧 価價 絵繪 拡擴 学學 観觀 帰歸 挙擧 狭狹 駆驅
茎莖 経經 継繼 欠缺 剣劍劒 検檢 顕顯 広廣 鉱鑛 砕碎 参參 惨慘 糸絲 辞辭 舎舍 寿壽 渋澁 将將 証證 乗乘 畳疊 触觸 図圖 穂穗
枢樞 斉齊 戦戰 潜潛 双雙 荘莊庄 装裝 蔵藏 続續 体體 台臺 沢澤 弾彈 虫蟲 庁廳 鎮鎭 点點 灯燈 盗盜 独獨 覇霸 売賣 髪髮 秘祕
仏佛 変變 豊豐 翻飜 黙默 与與 誉譽 謡謠 覧覽 猟獵 励勵 齢齡 労勞 圧壓 為爲 隠隱 衛衞 塩鹽 穏穩 画畫 壊壞 岳嶽 巻卷 関關
顔顏 旧舊 峡峽 暁曉 勲勳 恵惠 蛍螢 鶏鷄 県縣 険險 献獻 験驗 効效 号號 済濟 桟棧 賛贊 歯齒 湿濕 写寫 収收 獣獸 処處 称稱 奨奬
浄淨 縄繩 譲讓 慎愼 随隨 数數 静靜 専專 繊纖 壮壯 捜搜 総總 臓臟 堕墮 帯帶 滝瀧 担擔 団團 遅遲 昼晝 聴聽 逓遞 転轉 当當
稲稻 読讀 拝拜 麦麥 抜拔 浜濱濵 並竝 弁辨瓣辯 舗舖 万萬 訳譯 予豫 揺搖 来來 竜龍 塁壘 恋戀 楼樓 鯵鰺 鴬鶯 蛎蠣 潅灌 諌諫
砿礦 蕊蘂 壷壺 砺礪 梼檮 涛濤 迩邇 蝿蠅 桧檜 侭儘 薮藪 篭籠 弥彌 麸麩 館舘 島嶋嶌 崎﨑嵜碕 峰峯 高髙 吉𠮷 富冨 槙槇 渕淵 鴎鷗
曽曾 潟泻 芦蘆 祢禰 驒騨 桑桒 葛葛 舟船 塚塚冢 杉杦 徳德 瀬瀨 頼賴 菟莵 蓬蓬 蔦蔦 鎌鎌 籔藪 梅梅 祖祖 逗逗 神神 福福 隆隆 都都
館舘 箪簞 賎賤 嘘噓 竈竃 頸頚 靭靱 薩薩 溝溝 猪猪 鳳鳳 鶴靏靍 餅餠 迎迎 樋樋 榊榊 鈎鉤 苫苫 笹笹 屏屛 并幷 掻搔 蝉蟬 醤醬 栃枥 躯軀 枡桝 亘亙 厩廐廏 柏栢 菊菊
"""
"""Old beside new kanji (the list of 当用漢字字体表, 1949, and what JIS changed in 1983), and what place names mix up."""

_KE = "ケヶヵがガ"
_NO = "ノの之乃丿"
_SMALL = dict(zip("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ", strict=True))
_DASHES = "‐‑‒–—―−─━﹣─"


def _table() -> dict[int, str]:
    folded: dict[str, str] = {}
    for hiragana in range(0x3041, 0x3097):
        katakana = chr(hiragana + 0x60)
        folded[chr(hiragana)] = _SMALL.get(katakana, katakana)
    folded |= _SMALL
    for first, *others in _ALIKE.split():
        folded |= dict.fromkeys(others, first)
    folded |= dict.fromkeys(_KE, "ケ") | dict.fromkeys(_NO, "ノ") | dict.fromkeys(_DASHES, "-")
    return {ord(old): new for old, new in folded.items()}


FOLD = _table()
"""For `str.translate`: one character becomes one, so that places in the text stay where they were."""

_DIGITS = {digit: number for number, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "壱": 1, "弐": 2, "参": 3}
_TENS = {"十": 10, "百": 100, "千": 1000}
_KANJI_NUMERAL = re.compile(r"[〇一二三四五六七八九十百千]+(?=[条番線号丁区ノ通町地軒]|$)|(?<=第)[〇一二三四五六七八九十百千]+")
_ARABIC_NUMERAL = re.compile(r"[0-9]+")


def fold(name: str) -> str:
    """`龍ケ崎` and `竜ヶ﨑` are `竜ケ崎`."""
    return name.translate(FOLD)


def number(numeral: str) -> int | None:
    """`二十四`, `二四` and `24` are 24; None for what is no number (`九九十`)."""
    if numeral.isascii():
        return int(numeral) if numeral.isdigit() and len(numeral) < _LONGEST else None
    if not any(character in _TENS for character in numeral):
        digits = "".join(str(_DIGITS[character]) for character in numeral) if len(numeral) < _LONGEST else ""
        return int(digits) if digits else None
    return _positional(numeral)


_LONGEST = 9


def _positional(numeral: str) -> int | None:
    total, digit, unit = 0, 0, _TENS["千"] * 10
    for character in numeral:
        if character in _TENS:
            if _TENS[character] >= unit:
                return None
            unit = _TENS[character]
            total, digit = total + (digit or 1) * unit, 0
        elif digit:
            return None
        else:
            digit = _DIGITS[character]
    return total + digit


def kanji(value: int) -> str:
    """24 is `二十四`; for numbers below ten thousand."""
    written = ""
    for sign, unit in (("千", 1000), ("百", 100), ("十", 10)):
        count, value = divmod(value, unit)
        written += ("" if count == 1 else "〇一二三四五六七八九"[count]) + sign if count else ""
    return written + ("〇一二三四五六七八九"[value] if value else "")


def spellings(name: str) -> tuple[str, ...]:
    """The folded name with its numerals as delivered, in digits and in kanji: `北24条西`, `北二十四条西`."""
    folded = fold(name)
    arabic = _KANJI_NUMERAL.sub(lambda found: str(number(found[0]) or found[0]), folded)
    written = _ARABIC_NUMERAL.sub(lambda found: kanji(int(found[0])) if len(found[0]) < 5 else found[0], folded)
    return tuple(dict.fromkeys(one for one in (folded, arabic, written) if one and not one.isdigit()))
