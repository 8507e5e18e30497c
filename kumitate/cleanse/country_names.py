"""Countries by the names that they have in Japanese, at home, and in full."""

from __future__ import annotations

JAPANESE = """
AD アンドラ | AE アラブ首長国連邦/UAE | AF アフガニスタン | AG アンティグア・バーブーダ | AI アンギラ | AL アルバニア |
AM アルメニア | AO アンゴラ | AQ 南極 | AR アルゼンチン | AS 米領サモア/アメリカ領サモア | AT オーストリア |
AU オーストラリア/豪州 | AW アルバ | AX オーランド諸島 | AZ アゼルバイジャン | BA ボスニア・ヘルツェゴビナ |
BB バルバドス | BD バングラデシュ | BE ベルギー | BF ブルキナファソ | BG ブルガリア | BH バーレーン | BI ブルンジ |
BJ ベナン | BL サン・バルテルミー/サン・バルテルミー島 | BM バミューダ | BN ブルネイ/ブルネイ・ダルサラーム |
BO ボリビア/ボリヴィア | BQ オランダ領カリブ | BR ブラジル | BS バハマ | BT ブータン | BV ブーベ島 | BW ボツワナ |
BY ベラルーシ/白ロシア | BZ ベリーズ | CA カナダ | CC ココス諸島 | CD コンゴ民主共和国/コンゴ民主 |
CF 中央アフリカ共和国 | CG コンゴ共和国/コンゴ | CH スイス | CI コートジボワール/象牙海岸 | CK クック諸島 | CL チリ |
CM カメルーン | CN 中国/中華人民共和国/中國 | CO コロンビア | CR コスタリカ | CU キューバ |
CV カーボベルデ/カボベルデ | CW キュラソー | CX クリスマス島 | CY キプロス | CZ チェコ/チェコ | DE ドイツ | DJ ジブチ |
DK デンマーク | DM ドミニカ国 | DO ドミニカ共和国 | DZ アルジェリア | EC エクアドル | EE エストニア | EG エジプト |
EH 西サハラ | ER エリトリア | ES スペイン | ET エチオピア | FI フィンランド | FJ フィジー | FK フォークランド諸島 |
FM ミクロネシア連邦/ミクロネシア | FO フェロー諸島 | FR フランス | GA ガボン |
GB イギリス/英国/グレートブリテン及び北アイルランド連合王国/イングランド/スコットランド/ウェールズ/北アイルランド |
GD グレナダ | GE ジョージア/グルジア | GF 仏領ギアナ/フランス領ギアナ | GG ガーンジー | GH ガーナ | GI ジブラルタル |
GL グリーンランド | GM ガンビア | GN ギニア | GP グアドループ | GQ 赤道ギニア | GR ギリシャ |
GS サウスジョージア・サウスサンドウィッチ諸島 | GT グアテマラ | GU グアム | GW ギニアビサウ | GY ガイアナ | HK 香港 |
HM ハード島・マクドナルド諸島 | HN ホンジュラス | HR クロアチア | HT ハイチ | HU ハンガリー | ID インドネシア |
IE アイルランド/エール | IL イスラエル | IM マン島 | IN インド | IO 英領インド洋地域 | IQ イラク | IR イラン |
IS アイスランド | IT イタリア | JE ジャージー | JM ジャマイカ | JO ヨルダン |
JP 日本/日本国/ニッポン/にっぽん/にほん/日本國 | KE ケニア | KG キルギス/キルギスタン | KH カンボジア | KI キリバス |
KM コモロ | KN セントクリストファー・ネーヴィス/セントクリストファー・ネイビス | KP 北朝鮮/朝鮮民主主義人民共和国 |
KR 韓国/大韓民国/韓國/韩国/한국/대한민국 | KW クウェート | KY ケイマン諸島 | KZ カザフスタン | LA ラオス |
LB レバノン | LC セントルシア | LI リヒテンシュタイン | LK スリランカ | LR リベリア | LS レソト | LT リトアニア |
LU ルクセンブルク/ルクセンブルグ | LV ラトビア | LY リビア | MA モロッコ | MC モナコ | MD モルドバ | ME モンテネグロ |
MF サン・マルタン | MG マダガスカル | MH マーシャル諸島 | MK 北マケドニア/マケドニア | ML マリ | MM ミャンマー/ビルマ |
MN モンゴル | MO マカオ/澳門 | MP 北マリアナ諸島 | MQ マルティニーク | MR モーリタニア | MS モントセラト | MT マルタ |
MU モーリシャス | MV モルディブ | MW マラウイ | MX メキシコ | MY マレーシア | MZ モザンビーク | NA ナミビア |
NC ニューカレドニア | NE ニジェール | NF ノーフォーク島 | NG ナイジェリア | NI ニカラグア | NL オランダ |
NO ノルウェー | NP ネパール | NR ナウル | NU ニウエ | NZ ニュージーランド | OM オマーン | PA パナマ | PE ペルー |
PF 仏領ポリネシア/フランス領ポリネシア/タヒチ | PG パプアニューギニア | PH フィリピン | PK パキスタン | PL ポーランド |
PM サンピエール島・ミクロン島 | PN ピトケアン諸島 | PR プエルトリコ | PS パレスチナ/パレスチナ自治区 | PT ポルトガル |
PW パラオ | PY パラグアイ | QA カタール | RE レユニオン | RO ルーマニア | RS セルビア | RU ロシア | RW ルワンダ |
SA サウジアラビア | SB ソロモン諸島 | SC セーシェル | SD スーダン | SE スウェーデン | SG シンガポール |
SH セントヘレナ | SI スロベニア | SJ スバールバル諸島・ヤンマイエン島 | SK スロバキア | SL シエラレオネ |
SM サンマリノ | SN セネガル | SO ソマリア | SR スリナム | SS 南スーダン | ST サントメ・プリンシペ | SV エルサルバドル |
SX シント・マールテン | SY シリア | SZ エスワティニ/スワジランド | TC タークス・カイコス諸島 | TD チャド |
TF 仏領極南諸島 | TG トーゴ | TH タイ | TJ タジキスタン | TK トケラウ | TL 東ティモール/ティモール・レステ |
TM トルクメニスタン | TN チュニジア | TO トンガ | TR トルコ | TT トリニダード・トバゴ | TV ツバル |
TW 台湾/台灣/臺灣/中華民国 | TZ タンザニア | UA ウクライナ | UG ウガンダ | UM 合衆国領有小離島 |
US アメリカ合衆国/アメリカ/米国/美国/美國/合衆国 | UY ウルグアイ | UZ ウズベキスタン | VA バチカン/バチカン市国 |
VC セントビンセント及びグレナディーン諸島/セントビンセント・グレナディーン | VE ベネズエラ/ヴェネズエラ |
VG 英領ヴァージン諸島/英領バージン諸島 | VI 米領ヴァージン諸島/米領バージン諸島 | VN ベトナム/ヴェトナム/越南 |
VU バヌアツ | WF ウォリス・フツナ | WS サモア | YE イエメン | YT マヨット | ZA 南アフリカ | ZM ザンビア |
ZW ジンバブエ
"""
"""Alpha-2 and names, today's and former ones; 共和国 and the like are left out."""

AT_HOME = """
AT Österreich | BE België/Belgique/Belgien | BG България | BR Brasil | CH Schweiz/Suisse/Svizzera |
CZ Česko/Česká republika | DE Bundesrepublik Deutschland | DK Danmark | EE Eesti | ES España | FI Suomi |
GR Ελλάδα/Hellas | HR Hrvatska | HU Magyarország | IE Éire | IS Ísland | IT Italia | JP Nippon/Nihon/일본 | KR Hanguk |
LT Lietuva | LV Latvija | MX México | NL Nederland | NO Norge/Noreg | PL Polska | RO România | RS Srbija/Србија |
RU Россия/Российская Федерация | SE Sverige | SI Slovenija | SK Slovensko | TH ประเทศไทย/ไทย | UA Україна |
US U.S./Estados Unidos/États-Unis/미국 | CN 중국 | VN Việt Nam
"""
"""In the country's own languages."""

IN_FULL = """
BL Saint Barthelemy | BO Plurinational State of Bolivia | BQ Caribbean Netherlands | CC Cocos Islands |
CD Congo, The Democratic Republic of the/Congo-Kinshasa/Congo - Kinshasa/DRC |
CG Republic of the Congo/Congo - Brazzaville/Congo-Brazzaville | CH Swiss Confederation |
CN People's Republic of China/PRC/Mainland China | DE Federal Republic of Germany | FK Falkland Islands (Malvinas) |
FM Federated States of Micronesia | FR French Republic |
GB United Kingdom of Great Britain and Northern Ireland/Northern Ireland/Britain | GR Hellenic Republic |
HK Hong Kong SAR China/Hong Kong SAR/Hongkong | HM Heard and McDonald Islands | IL State of Israel |
IR Islamic Republic of Iran | KP Democratic People's Republic of Korea/DPRK | KW State of Kuwait |
MD Republic of Moldova | MF Saint Martin (French part) | MM Myanmar (Burma) | MO Macao SAR China/Macau SAR |
PN Pitcairn Islands | PS State of Palestine | QA State of Qatar | SH Saint Helena, Ascension and Tristan da Cunha |
SJ Svalbard | SK Slovak Republic | SX Sint Maarten (Dutch part) | SY Syrian Arab Republic | TL East Timor |
TW Taiwan, Province of China/Republic of China/ROC/Taiwan, ROC | TZ United Republic of Tanzania |
UM US Outlying Islands | VA Holy See (Vatican City State)/Vatican City State | VE Bolivarian Republic of Venezuela |
VG Virgin Islands, British | VI Virgin Islands, U.S./Virgin Islands of the United States |
VN Socialist Republic of Vietnam | KR ROK | RU Russian Fed.
"""
"""As ISO 3166 and the CLDR list them, where it is another name than the short one."""
