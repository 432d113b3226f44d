"""Words of the drawn dense pages, in characters that all builtin models know."""

_ENGLISH = (
    "The quick report shows revenue growth, margin forecast quarterly shareholders' meeting agreement "
    "between buyer seller delivery shipping account invoice payment within thirty days (net) balance "
    "customer number please refer appendix B, figure gauge typography legibility judgement quality "
    "equipment weight voltage approximately temperature humidity warning: keep away from children; "
    "dosage tablet morning evening"
)
_GERMAN = (
    "Größe Prüfung Übersicht jährlich Maßnahme Kündigung fällig Straße Gebühr Änderung möglich für über "
    "Öffnung Vertragsgegenstand Zahlungsbedingungen Rechnungsnummer Lieferung Mehrwertsteuer gemäß "
    "Bestätigung zusätzlich"
)
_FRENCH = (
    "réunion déjà coût forêt événement français facture numéro référence société à payer après réception "
    "conformément règlement généré garçon hôtel tâche pièces jointes déposé août où être également "
    "préfecture"
)
_CHINESE = (
    "合同编号 甲方 乙方 根据 中华人民共和国 有关法律 规定 双方经协商一致 签订 本协议 付款方式 银行转账 "
    "发票 金额 人民币 交货日期 验收标准 违约责任 质量保证 客户服务 热线电话 订单 数量 单价 合计 税率 "
    "备注 审核 批准 地址 北京市海淀区 上海浦东新区 广东省深圳 技术支持 数据处理 系统更新 版本 用户手册 "
    "安装说明 天气预报 多云转晴 最高气温 学校 医院 图书馆 火车站 航班延误 通知 请注意安全 谢谢合作 "
    "环境保护 经济发展 教育改革 研究报告 实验结果表明"
)
_JAPANESE = (
    "契約書 株式会社 お客様 ご注文 ありがとうございます 請求書 金額 合計 消費税 振込先 銀行 支店 "
    "口座番号 お問い合わせ 電話 住所 東京都渋谷区 大阪府 会議 資料 確認 お願いします データ システム "
    "サービス インターネット ユーザー パスワード メール アドレス 新しい機能 追加しました 本日 明日 午前 "
    "午後 開始 終了について 説明します 天気 晴れ 電車 出口 改札 切符 学校 図書館 病院 予約受付 時間 料金 "
    "大人 子供 無料 カメラ テレビ 料理 美味しい 季節 旅行 ホテル"
)
WORDS = {
    "latin": f"{_ENGLISH} {_GERMAN} {_FRENCH}".split(),
    "chinese": _CHINESE.split(),
    "japanese": _JAPANESE.split(),
}
"""Script -> words and phrases."""

LINE_STARTS = ("1.", "2.3", "A)", "(b)", "[4]", "#12")
"""Numbers with which some lines start."""
