/*
** http_frame.c -- where the body ends, and whether the connection goes on.
**
** The fields that smuggling is made of. RFC 9112 6.3 lets a server repair
** some contradictions; here each of them is refused: a length that is given
** twice, a length beside a coding, a coding that is not exactly "chunked".
*/
#include "wire/http_parts.h"

#include "base/defence.h"

/* What the fields said, before it is weighed. */
struct frame {
    int hosts, lengths, codings;
    str coding;
    bool close, stay;
};

static bool is_chunked(str coding)
{
    return str_eq_nocase(coding, STR("chunked"));
}

/* Codings other than plain "chunked". Only where chunked comes last is there
** an end to be found (RFC 9112 6.3): 501 when others that we do not have stand
** before it, 400 for everything else. */
static int other_coding(str list)
{
    while (list.p != NULL) {
        str coding = str_trim(str_split(&list, ','));
        str name = str_trim((str){coding.p, str_find(coding, ';')});
        if (!http_name_ok(name))
            return 400;
        if (is_chunked(coding) && list.p == NULL)
            return 501;
        if (is_chunked(name))
            return 400;
    }
    return 400;
}

static bool connection(struct frame *f, str list)
{
    while (list.p != NULL) {
        str option = str_trim(str_split(&list, ','));
        if (option.n > 0 && !http_name_ok(option))
            return false;
        f->close |= str_eq_nocase(option, STR("close"));
        f->stay |= str_eq_nocase(option, STR("keep-alive"));
    }
    return true;
}

static int look_at(struct http_head *head, struct frame *f,
                   const struct http_field *field)
{
    if (str_eq_nocase(field->name, STR("host"))) {
        f->hosts++;
        return http_host_ok(field->value) || !DEFENCE(host_shape) ? 0 : 400;
    }
    if (str_eq_nocase(field->name, STR("content-length"))) {
        f->lengths++;
        head->length = str_number(field->value, INT64_MAX);
        return head->length >= 0 ? 0 : 400;
    }
    if (str_eq_nocase(field->name, STR("transfer-encoding"))) {
        f->codings++;
        f->coding = field->value;
        return 0;
    }
    if (str_eq_nocase(field->name, STR("expect"))) {
        head->expect = true;
        return str_eq_nocase(field->value, STR("100-continue")) ? 0 : 417;
    }
    if (str_eq_nocase(field->name, STR("connection")))
        return connection(f, field->value) ? 0 : 400;
    return 0;
}

static int weigh(struct http_head *head, const struct frame *f)
{
    if (DEFENCE(one_host) &&
        (f->hosts > 1 || (f->hosts == 0 && head->minor == 1)))
        return 400;
    if (DEFENCE(one_length) && (f->lengths > 1 || f->codings > 1))
        return 400;
    if (f->codings == 0)
        return 0;
    if (DEFENCE(length_or_coding) && (f->lengths > 0 || head->minor == 0))
        return 400;
    head->chunked = is_chunked(f->coding) || !DEFENCE(known_coding);
    return head->chunked ? 0 : other_coding(f->coding);
}

int http_frame(struct http_head *head)
{
    struct frame f = {0};
    int refusal = 0;
    head->length = -1;
    head->chunked = false;
    head->expect = false;
    for (int i = 0; i < head->fields_n; i++) {
        int status = look_at(head, &f, &head->fields[i]);
        if (status == 400)
            return 400;
        if (status != 0)
            refusal = status;
    }
    int status = weigh(head, &f);
    if (status != 0 || refusal != 0)
        return status != 0 ? status : refusal;
    head->keep_alive = !f.close && (head->minor == 1 || f.stay);
    /* No 100 is owed to HTTP/1.0, nor for a body that does not come. */
    if (head->minor == 0 || (!head->chunked && head->length <= 0))
        head->expect = false;
    return 0;
}
