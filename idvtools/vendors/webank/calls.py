"""The declaration of WeBank's calls: their fields, and who builds, recognises and opens them."""

from __future__ import annotations

from collections.abc import Callable

from idvtools.vendors.base import Call, Exchange, Field
from idvtools.vendors.base.codes import FOLDER, load_codes
from idvtools.vendors.webank import building, opening

_QUERY = (
    Field("app_id", "params.app_id"),
    Field("nonce", "params.nonce", "secret"),
    Field("sign", "params.sign", "secret"),
    Field("version", "params.version"),
)
_ANSWER = (
    Field("platform_code", "answer.code"),
    Field("message", "answer.msg", "note"),
    Field("biz_seq_no", "answer.BizSeqNo"),
    Field("consumer_seq_no", "answer.ConsumerSeqNo"),
    Field("transaction_time", "answer.transactionTime"),
    Field("business_code", "data.CODE"),
    Field("business_message", "data.DESC", "note"),
    Field("file_list", "data.FILE_LIST", "secret"),
    Field("uploaded", "answer.fileList", "secret"),
)
#: What the seed's sample bodies hold; a service has fields of its own, which are told as undeclared.
_BODY = (
    Field("id_no", "request.ID_NO", "id"),
    Field("id_type", "request.ID_TYPE"),
    Field("user_name", "request.USER_NAME", "name"),
    Field("phone", "request.MOBILE", "phone"),
    Field("user_id", "request.USER_ID", "personal"),
    Field("open_id", "request.WX_OPEN_ID", "personal"),
    Field("union_id", "request.WX_UNION_ID", "personal"),
    Field("request_biz_seq_no", "request.BIZ_SEQ_NO"),
    Field("original_biz_seq_no", "request.ORI_BIZ_SEQ_NO"),
    Field("sys_seq_no", "request.SYS_SEQ_NO"),
    Field("request_time", "request.REQUEST_TIME"),
    Field("product_code", "request.PRODUCT_CODE"),
    Field("channel_id", "request.CHANNEL_ID"),
    Field("txn_id", "request.TXN_ID"),
    Field("service_code_sent", "request.SERVICE_CODE"),
    Field("body_version", "request.VERSION"),
)
FILE_TYPES = load_codes(FOLDER / "webank_file_type.csv")
_FILE = (
    Field("file_type", "params.file_type", required=True, form="|".join(c.code for c in FILE_TYPES.rows)),
    Field("file_format", "params.file_format", "name", required=True),
    Field("file_name", "params.file_name", "name", required=True),
    Field("content", "params.content", "buffer", required=True),
)
_FILE_SENT = (Field("file_type", "params.fileType"), Field("file_format", "params.fileFormat"))
_NOTIFY = (Field("path", "params.path", "name", required=True), Field("biz_content", "params.biz_content"))
_FORM = (*_FILE[:2], Field("files", "params.files", "files", required=True), *_NOTIFY)


def _is(name: str) -> Callable[[Exchange], bool]:
    return lambda exchange: opening.kind_of(exchange) == name


CALLS = (
    Call(
        "access_token",
        "获取access_token",
        "access token",
        _is("access_token"),
        opening.open_answer,
        (
            *_QUERY[:1],
            *_QUERY[3:],
            Field("secret", "params.secret", "secret"),
            Field("grant_type", "params.grant_type"),
            *_ANSWER[:5],
            Field("access_token", "answer.access_token", "secret"),
            Field("expires_at", "answer.expire_time", "time"),
            Field("expires_in", "answer.expire_in"),
        ),
        building.token,
        inputs=(),
        renews=lambda _: True,
    ),
    Call(
        "api_ticket",
        "获取API票据",
        "ticket",
        _is("api_ticket"),
        opening.open_answer,
        (
            *_QUERY[:1],
            *_QUERY[3:],
            Field("access_token", "params.access_token", "secret"),
            Field("type", "params.type"),
            Field("user_data", "params.user_data", "personal"),
            Field("merchant_id", "params.mechant_id"),
            *_ANSWER[:5],
            Field("tickets", "answer.tickets", "secret"),
            Field("ticket", "answer.ticket", "secret"),
            Field("value", "answer.value", "secret"),
            Field("expires_at", "answer.expire_time", "time"),
            Field("expires_in", "answer.expire_in"),
        ),
        building.ticket,
        needs_session=True,
        renews=building.renews,
        inputs=(
            Field("type", "params.type", required=True),
            Field("user_data", "params.user_data", "personal"),
            Field("merchant_id", "params.merchant_id"),
        ),
    ),
    Call(
        "business",
        "后台联机业务请求",
        "business request",
        _is("business"),
        opening.open_answer,
        (*_QUERY, Field("type", "params.type"), *_BODY, *_ANSWER),
        building.business,
        needs_session=True,
        inputs=(
            Field("path", "params.path", "name", required=True),
            Field("service_code", "params.service_code", "name", required=True),
            Field("type", "params.type", "name"),
            Field("body", "params.body", required=True),
        ),
    ),
    Call(
        "upload",
        "文件上传",
        "upload a file",
        _is("upload"),
        opening.open_answer,
        (*_QUERY, Field("type", "params.type"), *_FILE_SENT, *_ANSWER),
        building.upload,
        needs_session=True,
        inputs=_FILE,
    ),
    Call(
        "download",
        "文件下载",
        "download a file",
        _is("download"),
        opening.open_download,
        (
            *_QUERY,
            Field("type", "params.type"),
            Field("file_id", "params.fileId"),
            Field("hash_value", "params.hashValue"),
            Field("content_type", "params.contentType"),
            *_ANSWER,
        ),
        building.download,
        needs_session=True,
        repeatable=True,
        inputs=(
            Field("file_id", "params.file_id", required=True),
            Field("hash_value", "params.hash_value", required=True),
            Field("content_type", "params.content_type"),
        ),
    ),
    *(
        Call(
            name,
            title_zh,
            title_en,
            _is(name),
            unpack,
            (
                *_QUERY,
                Field("type", "params.type"),
                *_FILE_SENT,
                Field("file_name", "request.fileName", "personal"),
                Field("biz_content", "request.bizContent", "personal"),
                *_ANSWER,
            ),
            prepare,
            needs_session=True,
            inputs=inputs,
        )
        for name, title_zh, title_en, unpack, prepare, inputs in (
            (
                "upload_json",
                "文件上传带通知(JSON)",
                "upload with notice, JSON",
                opening.open_upload_json,
                building.upload_json,
                (*_FILE, *_NOTIFY),
            ),
            (
                "upload_form",
                "文件上传带通知(表单)",
                "upload with notice, form",
                opening.open_answer,
                building.upload_form,
                _FORM,
            ),
        )
    ),
    Call(
        "reverse",
        "反向通知",
        "reverse notification",
        _is("reverse"),
        opening.open_reverse,
        (
            Field("trans_name", "request.transName"),
            Field("seq_no", "request.SeqNo"),
            Field("signed_at", "request.Timestamp", "time"),
            Field("plain", "request.Plain", "secret"),
            Field("signature", "request.Signature", "secret"),
            Field("answer_plain", "answer.Plain", "secret"),
            Field("answer_signature", "answer.Signature", "secret"),
            Field("answered_at", "answer.Timestamp", "time"),
            Field("answer_trans_name", "answer.transName"),
            Field("answer_seq_no", "answer.SeqNo"),
            Field("biz_seq_no", "data.BIZ_SEQ_NO"),
            Field("merchant_no", "data.merchantno"),
            Field("product_code", "data.product_cd"),
            Field("request_no", "data.req_nbr"),
            Field("id_no", "data.ID_NO", "id"),
            Field("user_name", "data.USER_NAME", "name"),
            Field("phone", "data.MOBILE", "phone"),
        ),
        direction="in",
    ),
)
