"""How likely a character is in a text of each language: what candidates for an encoding are weighed with.

A language here is a rough model of single characters: the ones that most texts consist of by rank, then the set that
its own national standard calls common (GB 2312, Big5 and JIS X 0208 level 1), then what else that standard has, then
all others. Costs are in nats (negative logarithms of probabilities); they only have to be right to about one.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Literal

Language = Literal["simplified", "traditional", "japanese", "korean", "western", "cyrillic", "any"]

_SIMPLIFIED = (
    "的一是不了在有人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形"
    "相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展"
    "五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战"
    "先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白"
    "教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且"
)
_SIMPLIFIED_MONEY = (
    "交易账户余额收入支出金额银行卡号日期时间币种人民币元对方名称姓名摘要备注商户订单支付宝微信转账消费退款提现充值工商建设农业中国招商交通"
    "储蓄信用流水凭证手续费利息余存取款合计笔数明细记录状态成功关闭类型类别有限公司证券代码股东税务局缴费税单编号香港深圳上海广州北京杭州"
    "身份证件客户号码张王李赵陈刘杨黄周吴徐孙马朱胡林郭何罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "认证结果核验一致查询服务供应商调用次数单价账单审核通过失败原因操作员机构柜台网点打印导出起始终止联系电话地址邮箱说明测试数据文件第页共"
)
_TRADITIONAL = (
    "的一是不了在有人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學法所民得經"
    "十三之進著等部度家電力裡如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其些然前外天政四日那社義事平形"
    "相全表間樣與關各重新線內數正心反你明看原又麼利比或但質氣第向道命此變條只沒結解問意建月公無系軍很情者最立代想已通並提直題黨程展"
    "五果料象員革位入常文總次品式活設及管特件長求老頭基資邊流路級少圖山統接知較將組見計別她手角期根論運農指幾九區強放決西被做必戰"
    "先回則任取據處隊南給色光門即保治北造百規熱領七海口東導器壓志世金增爭濟階油思術極交受聯什認六共權收證改清己美再採轉更單風切打白"
    "教速花帶安場身車例真務具萬每目至達走積示議聲報鬥完類八離華名確才科張信馬節話米整空元況今集溫傳土許步群廣石記需段研界拉林律叫且"
)
_TRADITIONAL_MONEY = (
    "交易賬帳戶餘額結收入支出金額銀行卡號碼日期時間幣種港元美圓對方名稱姓摘要備註註冊商訂單支付寶微信轉賬消費退款提現存取款利息手續費合計筆數"
    "明細記錄狀態成功類型別有限公司證券代碼股東稅務局繳納稅單編號香港九龍新界中環灣仔銅鑼台灣臺北高雄台中國泰富邦玉山永豐渣打滙匯豐恒生東亞"
    "中銀集友南商身份證件客戶電話地址張王李趙陳劉楊黃周吳徐孫馬朱胡林郭何羅梁宋鄭謝韓唐馮於董蕭程曹袁鄧許傅沈曾彭呂蘇盧蔣蔡賈丁魏薛葉閻余潘杜戴"
    "夏鐘汪田任姜薪工水電煤差餉牌照保險自動櫃員機支票貸借月結單總說明測試資料檔案第頁共查詢服務供應結果核驗扣帳入帳櫃檯匯款現金外幣"
)
_JAPANESE = (
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代"
    "明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公持野協取都和統以機平総加山思"
    "家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認"
    "画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝価式確村提運終挙果西勢減台広容必"
)
_JAPANESE_MONEY = (
    "日付摘要内容支払金額預差引残高未資金化区分入出振込替口座番号普通銀行支店名義取引手数料利息円貸借合計明細通帳現在店舗利用請求振替給与"
    "電話住所氏備考年月日時刻商品注文単価税込消費税小計総額数量件三菱住友東京大阪横浜田中佐藤鈴木高橋渡辺伊山本村加小林吉井松斎清確認済"
)

_KANA = "のにはをたがでてとしれさいるあんこっりもかうくすなよどけまえおきそちせつだじらやめみわねずぶごばひへほべ"
_KATAKANA = (
    "ーンスルトアイラリフドクシレジタテカコッオマサムプロミュキメニバ"
    "ナデツィパエェャョグズウチソノブヒモセハワケガボヤネ"
)
_HALF_KANA = "ﾝﾞｰｲｱｶｼｽﾄﾘﾙﾗｸﾌﾟﾀﾃﾐﾕﾔﾏﾅﾊﾋｻｺｷｵｴｳﾁﾂﾆﾉｼﾖﾛﾜﾓﾒﾑﾎﾍﾇﾈｿｾｹﾚ"
_HANGUL = (
    "이다는을의에고가하지로도기사한은자리시어나정스그인아대부수전라일해보여서들구장를과상제주적원선와만유비조국오계"
    "거래적요출금입잔액급여카드대결제은행계좌번호이체현금수수료통장합예명세내역일자시간메모지점계승취소"
)
_PUNCTUATION = "，。：；、（）《》“”‘’￥！？【】「」－—…·　・～％＋＊／［］＝"
_LATIN = "éèàüöäßçñóíáúêôâîãõåøæëïûù"
_SIGNS = "£€¥–’“”·°©®§½²ªº¿¡«»…"


@cache
def _level(language: Language) -> tuple[frozenset[str], frozenset[str]]:
    """The characters that a national standard puts on its first level, and all others that it has."""
    if language == "simplified":
        return _plane("gb2312", range(0xB0, 0xD8)), _plane("gb2312", range(0xA1, 0xF8))
    if language == "traditional":
        return _plane("big5", range(0xA4, 0xC7)), _plane("big5", range(0xA1, 0xFA))
    if language == "japanese":
        return _plane("euc_jp", range(0xB0, 0xD0)), _plane("euc_jp", range(0xA1, 0xF5))
    return frozenset(), frozenset()


def _plane(codec: str, leads: range) -> frozenset[str]:
    found = (bytes([lead, trail]).decode(codec, "ignore") for lead in leads for trail in range(0x40, 0xFF))
    return frozenset(c for c in found if len(c) == 1 and not c.isascii())


@cache
def _ranks(language: Language) -> dict[str, float]:
    """Costs of the characters that most texts consist of."""
    prose, money = {
        "simplified": (_SIMPLIFIED, _SIMPLIFIED_MONEY),
        "traditional": (_TRADITIONAL, _TRADITIONAL_MONEY),
        "japanese": (_JAPANESE, _JAPANESE_MONEY),
    }.get(language, ("", ""))
    costs: dict[str, float] = {}
    for text in (prose, money):
        for rank, character in enumerate(dict.fromkeys(text)):
            costs[character] = min(costs.get(character, 99.0), 4.0 + 0.55 * math.log(1 + rank))
    return costs


@cache
def cost(character: str, language: Language) -> float:  # noqa: C901, PLR0911, PLR0912  # a table of cases
    """What a character costs in a text of a language.

    Examples
    --------
    >>> cost("的", "simplified") < cost("龘", "simplified")
    True
    >>> cost("銀", "traditional") < cost("銀", "simplified")
    True
    """
    code = ord(character)
    if code < 0x80:
        return 3.0 if code >= 0x20 or character in "\t\r\n\f" else 16.0
    if code == 0xFFFD or 0xE000 <= code <= 0xF8FF or 0x80 <= code < 0xA0 or code >= 0x30000:
        return 20.0
    if language == "cyrillic":
        if 0x0410 <= code <= 0x044F or character in "ёЁіїєґ№":
            return 5.0 if code >= 0x0430 else 6.5
        return 10.0 if character in _SIGNS else 13.0
    if language == "western":
        if character in _LATIN:
            return 5.0
        return 6.0 if character in _SIGNS else (8.5 if code < 0x250 else 11.0)
    if character in _PUNCTUATION:
        return 5.0
    if 0xFF01 <= code <= 0xFF5E:
        return 6.5
    if language == "any":
        return _anywhere(character)
    if 0x3040 <= code <= 0x30FF:
        common = character in _KANA or character in _KATAKANA
        if language == "japanese":
            return 4.5 if common else 6.5
        return 11.0 if common else 12.5
    if language == "korean" and 0xAC00 <= code < 0xD7A4:
        return 5.5 if character in _HANGUL else 9.5
    if 0xFF61 <= code <= 0xFF9F:
        return (6.2 if character in _HALF_KANA else 7.7) if language == "japanese" else 15.0
    known = _ranks(language).get(character)
    if known is not None:
        return known
    first, second = _level(language)
    if character in first:
        return 10.0
    if character in second:
        return 13.5
    if language == "traditional" and 0x4E00 <= code <= 0x9FFF:
        return 14.0
    if 0xC0 <= code < 0x250 or 0x370 <= code < 0x460 or character in _SIGNS:
        return 12.5
    return 15.5


def _anywhere(character: str) -> float:
    """In a text that may be in any language: the cheapest of them, and a little more; for Unicode's own encodings."""
    code = ord(character)
    if 0x370 <= code < 0x450 or 0x5D0 <= code < 0x660 or 0xE00 <= code < 0xE60:
        return 8.0  # Greek, Cyrillic, Hebrew, Arabic, Thai
    if 0xAC00 <= code < 0xD7A4:
        return 8.5  # Hangul
    three: tuple[Language, ...] = ("simplified", "traditional", "japanese", "western")
    return min(cost(character, language) for language in three) + 1.5
