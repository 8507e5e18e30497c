"""ISO 3166 countries: their alpha-2 codes, English names, and other names in common use."""

from __future__ import annotations

import re
import unicodedata

from kumitate.cleanse.country_names import AT_HOME, IN_FULL, JAPANESE

_NAMES = """
AD Andorra | AE United Arab Emirates | AF Afghanistan | AG Antigua and Barbuda | AI Anguilla | AL Albania |
AM Armenia | AO Angola | AQ Antarctica | AR Argentina | AS American Samoa | AT Austria | AU Australia | AW Aruba |
AX Åland Islands | AZ Azerbaijan | BA Bosnia and Herzegovina | BB Barbados | BD Bangladesh | BE Belgium |
BF Burkina Faso | BG Bulgaria | BH Bahrain | BI Burundi | BJ Benin | BL Saint Barthélemy | BM Bermuda |
BN Brunei Darussalam | BO Bolivia | BQ Bonaire, Sint Eustatius and Saba | BR Brazil | BS Bahamas | BT Bhutan |
BV Bouvet Island | BW Botswana | BY Belarus | BZ Belize | CA Canada | CC Cocos (Keeling) Islands |
CD Democratic Republic of the Congo | CF Central African Republic | CG Congo | CH Switzerland | CI Côte d'Ivoire |
CK Cook Islands | CL Chile | CM Cameroon | CN China | CO Colombia | CR Costa Rica | CU Cuba | CV Cabo Verde |
CW Curaçao | CX Christmas Island | CY Cyprus | CZ Czechia | DE Germany | DJ Djibouti | DK Denmark | DM Dominica |
DO Dominican Republic | DZ Algeria | EC Ecuador | EE Estonia | EG Egypt | EH Western Sahara | ER Eritrea | ES Spain |
ET Ethiopia | FI Finland | FJ Fiji | FK Falkland Islands | FM Micronesia | FO Faroe Islands | FR France | GA Gabon |
GB United Kingdom | GD Grenada | GE Georgia | GF French Guiana | GG Guernsey | GH Ghana | GI Gibraltar | GL Greenland |
GM Gambia | GN Guinea | GP Guadeloupe | GQ Equatorial Guinea | GR Greece |
GS South Georgia and the South Sandwich Islands | GT Guatemala | GU Guam | GW Guinea-Bissau | GY Guyana |
HK Hong Kong | HM Heard Island and McDonald Islands | HN Honduras | HR Croatia | HT Haiti | HU Hungary | ID Indonesia |
IE Ireland | IL Israel | IM Isle of Man | IN India | IO British Indian Ocean Territory | IQ Iraq | IR Iran |
IS Iceland | IT Italy | JE Jersey | JM Jamaica | JO Jordan | JP Japan | KE Kenya | KG Kyrgyzstan | KH Cambodia |
KI Kiribati | KM Comoros | KN Saint Kitts and Nevis | KP North Korea | KR South Korea | KW Kuwait | KY Cayman Islands |
KZ Kazakhstan | LA Laos | LB Lebanon | LC Saint Lucia | LI Liechtenstein | LK Sri Lanka | LR Liberia | LS Lesotho |
LT Lithuania | LU Luxembourg | LV Latvia | LY Libya | MA Morocco | MC Monaco | MD Moldova | ME Montenegro |
MF Saint Martin | MG Madagascar | MH Marshall Islands | MK North Macedonia | ML Mali | MM Myanmar | MN Mongolia |
MO Macao | MP Northern Mariana Islands | MQ Martinique | MR Mauritania | MS Montserrat | MT Malta | MU Mauritius |
MV Maldives | MW Malawi | MX Mexico | MY Malaysia | MZ Mozambique | NA Namibia | NC New Caledonia | NE Niger |
NF Norfolk Island | NG Nigeria | NI Nicaragua | NL Netherlands | NO Norway | NP Nepal | NR Nauru | NU Niue |
NZ New Zealand | OM Oman | PA Panama | PE Peru | PF French Polynesia | PG Papua New Guinea | PH Philippines |
PK Pakistan | PL Poland | PM Saint Pierre and Miquelon | PN Pitcairn | PR Puerto Rico | PS Palestine | PT Portugal |
PW Palau | PY Paraguay | QA Qatar | RE Réunion | RO Romania | RS Serbia | RU Russia | RW Rwanda | SA Saudi Arabia |
SB Solomon Islands | SC Seychelles | SD Sudan | SE Sweden | SG Singapore | SH Saint Helena | SI Slovenia |
SJ Svalbard and Jan Mayen | SK Slovakia | SL Sierra Leone | SM San Marino | SN Senegal | SO Somalia | SR Suriname |
SS South Sudan | ST Sao Tome and Principe | SV El Salvador | SX Sint Maarten | SY Syria | SZ Eswatini |
TC Turks and Caicos Islands | TD Chad | TF French Southern Territories | TG Togo | TH Thailand | TJ Tajikistan |
TK Tokelau | TL Timor-Leste | TM Turkmenistan | TN Tunisia | TO Tonga | TR Türkiye | TT Trinidad and Tobago |
TV Tuvalu | TW Taiwan | TZ Tanzania | UA Ukraine | UG Uganda | UM United States Minor Outlying Islands |
US United States | UY Uruguay | UZ Uzbekistan | VA Holy See | VC Saint Vincent and the Grenadines | VE Venezuela |
VG British Virgin Islands | VI U.S. Virgin Islands | VN Viet Nam | VU Vanuatu | WF Wallis and Futuna | WS Samoa |
YE Yemen | YT Mayotte | ZA South Africa | ZM Zambia | ZW Zimbabwe
"""

_OTHER_NAMES = """
AE uae/アラブ首長国連邦 | AT オーストリア | AU オーストラリア/豪州 | BE ベルギー | BN brunei | BR ブラジル |
CA カナダ | CD dr congo | CH スイス | CI ivory coast | CN 中国/中華人民共和国 | CV cape verde |
CZ czech republic/チェコ | DE deutschland/ドイツ | DK デンマーク | ES スペイン | FI フィンランド | FR フランス |
GB great britain/england/scotland/wales/uk/イギリス/英国 | GR ギリシャ | HK 香港 | ID インドネシア |
IE eire/アイルランド | IL イスラエル | IN インド | IT イタリア | JP 日本/日本国 | KP 北朝鮮 |
KR korea/republic of korea/韓国/大韓民国 | LA lao people's democratic republic | MK macedonia | MM burma/ミャンマー |
MO macau/マカオ | MX メキシコ | MY マレーシア | NL holland/オランダ | NO ノルウェー | NZ ニュージーランド |
PH フィリピン | PL ポーランド | PS palestinian territories | PT ポルトガル | RU russian federation/ロシア |
SA サウジアラビア | SE スウェーデン | SG シンガポール | SZ swaziland | TH タイ | TR turkey/トルコ | TW 台湾 |
US united states of america/usa/america/アメリカ/アメリカ合衆国/米国 | VA vatican/vatican city | VN vietnam/ベトナム |
ZA rsa/南アフリカ
"""

_ALPHA3 = """
ABW AW AFG AF AGO AO AIA AI ALA AX ALB AL AND AD ARE AE ARG AR ARM AM ASM AS ATA AQ ATF TF ATG AG AUS AU AUT AT AZE AZ
BDI BI BEL BE BEN BJ BES BQ BFA BF BGD BD BGR BG BHR BH BHS BS BIH BA BLM BL BLR BY BLZ BZ BMU BM BOL BO BRA BR BRB BB
BRN BN BTN BT BVT BV BWA BW CAF CF CAN CA CCK CC CHE CH CHL CL CHN CN CIV CI CMR CM COD CD COG CG COK CK COL CO COM KM
CPV CV CRI CR CUB CU CUW CW CXR CX CYM KY CYP CY CZE CZ DEU DE DJI DJ DMA DM DNK DK DOM DO DZA DZ ECU EC EGY EG ERI ER
ESH EH ESP ES EST EE ETH ET FIN FI FJI FJ FLK FK FRA FR FRO FO FSM FM GAB GA GBR GB GEO GE GGY GG GHA GH GIB GI GIN GN
GLP GP GMB GM GNB GW GNQ GQ GRC GR GRD GD GRL GL GTM GT GUF GF GUM GU GUY GY HKG HK HMD HM HND HN HRV HR HTI HT HUN HU
IDN ID IMN IM IND IN IOT IO IRL IE IRN IR IRQ IQ ISL IS ISR IL ITA IT JAM JM JEY JE JOR JO JPN JP KAZ KZ KEN KE KGZ KG
KHM KH KIR KI KNA KN KOR KR KWT KW LAO LA LBN LB LBR LR LBY LY LCA LC LIE LI LKA LK LSO LS LTU LT LUX LU LVA LV MAC MO
MAF MF MAR MA MCO MC MDA MD MDG MG MDV MV MEX MX MHL MH MKD MK MLI ML MLT MT MMR MM MNE ME MNG MN MNP MP MOZ MZ MRT MR
MSR MS MTQ MQ MUS MU MWI MW MYS MY MYT YT NAM NA NCL NC NER NE NFK NF NGA NG NIC NI NIU NU NLD NL NOR NO NPL NP NRU NR
NZL NZ OMN OM PAK PK PAN PA PCN PN PER PE PHL PH PLW PW PNG PG POL PL PRI PR PRK KP PRT PT PRY PY PSE PS PYF PF QAT QA
REU RE ROU RO RUS RU RWA RW SAU SA SDN SD SEN SN SGP SG SGS GS SHN SH SJM SJ SLB SB SLE SL SLV SV SMR SM SOM SO SPM PM
SRB RS SSD SS STP ST SUR SR SVK SK SVN SI SWE SE SWZ SZ SXM SX SYC SC SYR SY TCA TC TCD TD TGO TG THA TH TJK TJ TKL TK
TKM TM TLS TL TON TO TTO TT TUN TN TUR TR TUV TV TWN TW TZA TZ UGA UG UKR UA UMI UM URY UY USA US UZB UZ VAT VA VCT VC
VEN VE VGB VG VIR VI VNM VN VUT VU WLF WF WSM WS YEM YE ZAF ZA ZMB ZM ZWE ZW
"""


def _entries(table: str) -> list[tuple[str, str]]:
    return [(entry.strip()[:2], entry.strip()[3:]) for entry in table.split("|")]


ALPHA2 = frozenset(code for code, _ in _entries(_NAMES))

_THREE_AND_TWO = _ALPHA3.split()

CODE_BY_NAME = {three.casefold(): two for three, two in zip(_THREE_AND_TWO[::2], _THREE_AND_TWO[1::2], strict=True)}
CODE_BY_NAME |= {
    name.casefold(): code
    for table in (JAPANESE, AT_HOME, IN_FULL, _OTHER_NAMES, _NAMES)
    for code, names in _entries(table)
    for name in names.split("/")
}
"""Case-folded name or alpha-3 code -> alpha-2 code: `united kingdom`, `eire`, `日本`, `jpn`."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_SMALL_WORDS = {"&": "and", "st": "saint"}
# Of Korea, China and Congo there are two; which, their whole names say.
_STATE = re.compile(
    r"(?:[a-z]+ ){0,3}(?:republic|kingdom|commonwealth|principality|sultanate|grand duchy|union) of (?:the )?"
    r"(?!korea|china|congo)"
)
_STATE_IN_JAPANESE = re.compile("(?:(?:イスラム|ボリバル|社会主義|民主|人民|連邦|合衆|共和|大公|公|王)+国|連邦)$")


def _plain(name: str) -> str:
    """`Côte d’Ivoire` as `cote divoire`, `St. Lucia` as `saint lucia`, `ボスニア・ヘルツェゴビナ` without its dot."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", name.casefold()))
    bare = re.sub("[.'’‘`´・=＝-]", "", unicodedata.normalize("NFC", bare))
    head, comma, tail = bare.partition(", ")
    turned = f"{tail} {head}" if comma and tail.endswith((" of", " of the")) else bare
    words = [_SMALL_WORDS.get(word, word) for word in turned.split()]
    return " ".join(words).removeprefix("the ")


_CODE_BY_PLAIN = {_plain(name): code for name, code in CODE_BY_NAME.items()}


def country_code(name: str) -> str | None:
    """Alpha-2 of a name in NFKC: `U.S.A.`, `Korea, Republic of`, `España`, `ドイツ連邦共和国`; None if unknown."""
    plain = _plain(name)
    shorter = (plain, _STATE.sub("", plain, count=1), _STATE_IN_JAPANESE.sub("", plain))
    return next((_CODE_BY_PLAIN[each] for each in shorter if each in _CODE_BY_PLAIN), None)
