"""Lantu (蓝途), a travel platform that speaks in the style of the Alipay gateway, version 2."""

from partners.dialect import Dialect
from partners.lantu.words import (
    ACCOUNT_NOTICE,
    CAPABILITIES,
    CONSENT_NOTICE,
    EVENT_TYPE,
    MANDATE_NOTICE,
    ORDER,
    ORDER_LINE_NOTICE,
    PACKAGE,
    PAYMENT,
    SUMMARY,
    TEXT,
    TEXTS,
    TIME,
    WHOLE,
    YUAN,
)
from partners.tables import (
    Acknowledgement,
    Answers,
    Each,
    Errors,
    Field,
    Group,
    Limits,
    Locators,
    Notice,
    Notifications,
    Operation,
    Parameter,
    RawValue,
    Replay,
    Signing,
    SortedPairs,
    Spoken,
    Window,
)

RSA2 = "RSA2"

DIALECT = Dialect(
    name="lantu",
    title="蓝途 Lantu",
    # Community clients send everything in the query of a GET, the vendor's put the common
    # parameters in the query and biz_content in the body of a POST; both are one set.
    methods=("GET", "POST"),
    locators=Locators(
        client="app_id",
        operation="method",
        content="biz_content",
        signature="sign",
        algorithm="sign_type",
        timestamp="timestamp",
        grant="auth_token",
    ),
    parameters=(
        Parameter("app_id", required=True, pattern=r"[A-Za-z0-9_.-]{1,64}"),
        Parameter("method", required=True, pattern=r"[a-z0-9.]{1,128}"),
        Parameter("charset", required=True, allowed=("utf-8", "UTF-8")),
        # SHA-1 signatures ("RSA") are refused whatever the key.
        Parameter("sign_type", required=True, allowed=(RSA2,)),
        Parameter("sign", required=True),
        Parameter("timestamp", required=True, pattern=r"[0-9: -]{19}"),
        Parameter("version", required=True, allowed=("1.0",)),
        # The community client leaves it out; there is no other format to mean.
        Parameter("format", allowed=("JSON", "json")),
        Parameter("auth_token", pattern=r"[\x21-\x7e]{1,512}"),
        Parameter("biz_content"),
        # The vendor's clients sign their own name and version with every request.
        Parameter("alipay_sdk", pattern=r"[\x20-\x7e]{1,128}", meaning="ignored"),
    ),
    # Both are the vendor's rule: a request's text includes sign_type, a notification's does not.
    request_signing=Signing("rsa-pkcs1-sha256", RSA2, SortedPairs(omitted=("sign",))),
    answer_signing=Signing("rsa-pkcs1-sha256", RSA2, RawValue()),
    notification_signing=Signing(
        "rsa-pkcs1-sha256", RSA2, SortedPairs(omitted=("sign", "sign_type"))
    ),
    # The vendor publishes no window; five minutes both ways is what its peers settle on.
    window=Window(past_seconds=300, future_seconds=300, clock=TIME),
    replay=Replay(key="signed-text", scope="client"),
    operations=(
        Operation(
            theirs="lantu.package.batchquery",
            ours="packages.list",
            query=(Field("scenario", "scenario", TEXT, "null"),),
            answer=(Each("package_list", "packages", SUMMARY),),
        ),
        Operation(
            theirs="lantu.package.query",
            ours="packages.read",
            parameters=(Field("package_code", "code", TEXT),),
            answer=PACKAGE,
        ),
        Operation(
            theirs="lantu.order.create",
            ours="orders.place",
            body=(
                Field("package_code", "package", TEXT),
                Field("package_version", "version", TEXT),
                Field("out_order_no", "reference", TEXT),
            ),
            answer=ORDER,
            business_number="out_order_no",
        ),
        Operation(
            theirs="lantu.order.query",
            ours="orders.read",
            parameters=(Field("order_no", "order_id", TEXT),),
            answer=ORDER,
        ),
        Operation(
            theirs="lantu.account.capability.query",
            ours="accounts.capabilities",
            parameters=(Field("account_no", "account_id", TEXT),),
            answer=CAPABILITIES,
        ),
        Operation(
            theirs="lantu.mandate.debit",
            ours="mandates.debit",
            parameters=(Field("mandate_no", "mandate_id", TEXT),),
            body=(
                Field("total_amount", "instructed_amount", YUAN),
                Field("out_trade_no", "end_to_end_id", TEXT),
                Field("subject", "remittance_information", TEXT, "default"),
            ),
            answer=PAYMENT,
            business_number="out_trade_no",
        ),
        Operation(
            theirs="lantu.payment.query",
            ours="payments.read",
            parameters=(Field("trade_no", "payment_id", TEXT),),
            answer=PAYMENT,
        ),
    ),
    answers=Answers(
        status=200,
        content_type="application/json;charset=utf-8",
        suffix="_response",
        without_operation="error_response",
        success=Spoken("10000", "Success"),
        # The community client finds the end of the value by counting braces, strings or not.
        escape_braces=True,
    ),
    errors=Errors(
        codes={
            "signature.invalid": Spoken(
                "40002", "Invalid Arguments", "isv.invalid-signature", "验签失败"
            ),
            "signature.stale": Spoken(
                "40002", "Invalid Arguments", "isv.invalid-timestamp", "时间戳超出有效期"
            ),
            "signature.replayed": Spoken(
                "40002", "Invalid Arguments", "isv.repeated-request", "重复的请求"
            ),
            "operation.unknown": Spoken(
                "40002", "Invalid Arguments", "isv.invalid-method", "接口不存在"
            ),
            "oauth.invalid_client": Spoken(
                "40002", "Invalid Arguments", "isv.invalid-app-id", "无效的应用标识"
            ),
            "field.invalid": Spoken(
                "40002", "Invalid Arguments", "isv.invalid-parameter", "参数无效"
            ),
            "body.malformed": Spoken(
                "40002", "Invalid Arguments", "isv.invalid-format", "报文格式错误"
            ),
            "idempotency.key_missing": Spoken(
                "40001", "Missing Required Arguments", "isv.missing-out-no", "缺少商户单号"
            ),
            "grant_handle.not_live": Spoken(
                "20001", "Insufficient Token Permissions", "aop.invalid-auth-token", "授权令牌无效"
            ),
            "consent.not_live": Spoken(
                "20001",
                "Insufficient Token Permissions",
                "aop.auth-token-time-out",
                "客户授权已失效",
            ),
            # Spelled as the vendor spells it; client libraries compare this very text.
            "internal_error": Spoken(
                "20000", "Service Currently Unavailable", "isp.unknow-error", "系统繁忙"
            ),
        },
        families={
            "400": Spoken("40002", "Invalid Arguments", "isv.{kebab}"),
            "401": Spoken("40002", "Invalid Arguments", "isv.{kebab}"),
            "403": Spoken("40006", "Insufficient Permissions", "isv.{kebab}"),
            "429": Spoken("40005", "Call Limited", "isv.{kebab}"),
            "4xx": Spoken("40004", "Business Failed", "ACQ.{CODE}"),
            "5xx": Spoken("20000", "Service Currently Unavailable", "isp.{kebab}"),
        },
        missing=Spoken("40001", "Missing Required Arguments", "isv.missing-{field}", "缺少参数"),
        missing_names={"sign": "signature"},
        rows=(
            Field("next_action", "next_action", TEXT),
            Field("field", "field", TEXT),
            Field("headroom_amount", "headroom", YUAN, "null"),
            Field("single_limit_amount", "cap", YUAN),
            Field("trade_no", "payment_id", TEXT, "null"),
            Field("rule_list", "rules", TEXTS),
        ),
        rest="ext_info",
    ),
    notifications=Notifications(
        content_type="application/x-www-form-urlencoded;charset=utf-8",
        client="app_id",
        sent_at="notify_time",
        kind="notify_type",
        signature="sign",
        algorithm="sign_type",
        rest="biz_content",
        constants={"charset": "utf-8", "version": "1.0"},
        envelope=(
            Field("notify_id", "id", TEXT),
            Field("event_type", "type", EVENT_TYPE),
            Field("gmt_event", "timestamp", TIME),
            Field("sequence", "sequence", WHOLE),
            Group(
                "",
                "resource",
                (Field("resource_type", "type", TEXT), Field("resource_no", "id", TEXT)),
            ),
        ),
        notices=(
            Notice(
                "order_status_sync",
                ("order.received", "order.active", "order.compensating", "order.cancelled"),
                ORDER,
            ),
            Notice(
                "order_line_sync",
                (
                    "order.line_active",
                    "order.line_referred",
                    "order.line_failed",
                    "order.line_compensated",
                ),
                ORDER_LINE_NOTICE,
            ),
            Notice("trade_status_sync", ("payment.settled", "payment.declined"), PAYMENT),
            Notice(
                "account_status_sync",
                ("account.opened", "account.closed", "purse.topped_up"),
                ACCOUNT_NOTICE,
            ),
            Notice("mandate_status_sync", ("mandate.active", "mandate.ended"), MANDATE_NOTICE),
            Notice(
                "consent_status_sync",
                (
                    "consent.granted",
                    "consent.narrowed",
                    "consent.paused",
                    "consent.resumed",
                    "consent.revoked",
                ),
                CONSENT_NOTICE,
            ),
            Notice("endpoint_test", ("endpoint.test",)),
        ),
    ),
    # Exactly these seven characters; a redirect or any other body is taken as not arrived.
    acknowledgement=Acknowledgement(statuses=(200,), body=b"success"),
    # 4m, 10m, 10m, 1h, 2h, 6h, 15h: eight attempts within 25 hours.
    retry_seconds=(240, 600, 600, 3600, 7200, 21600, 54000),
    limits=Limits(query_bytes=16384, body_bytes=65536, parameters=32),
)
