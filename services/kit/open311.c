/* See open311.h. */
#include "services/kit/open311.h"

#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "proto/must.h"

bool open311_is_service(const struct matter *matter) {
    return matter->is_public && !matter->sensitive;
}

const struct matter *open311_service(const struct world *world, const char *code, size_t length) {
    uint32_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (length != 6 || code[i] < '0' || code[i] > '9') return NULL;
        number = number * 10 + (uint32_t)(code[i] - '0');
    }
    const struct matter *matter = length ? world_matter(world, number) : NULL;
    return matter && open311_is_service(matter) ? matter : NULL;
}

bool open311_format_of(const char *text, enum open311_format *ret_format, size_t *ret_length) {
    const char *dot = strrchr(text, '.');
    if (!dot || (strcmp(dot, ".xml") && strcmp(dot, ".json"))) return false;
    *ret_format = dot[1] == 'x' ? OPEN311_XML : OPEN311_JSON;
    *ret_length = (size_t)(dot - text);
    return true;
}

static const xmlChar *xml(const char *text) {
    return (const xmlChar *)text;
}

void open311_begin(struct open311 *o, enum open311_format format, struct buffer *to) {
    *o = (struct open311){.format = format, .to = to};
    buffer_clear(to);
    if (format == OPEN311_JSON) {
        json_writer_init(&o->json, to);
        return;
    }
    o->bytes = xmlBufferCreate();
    must(o->bytes);
    o->writer = xmlNewTextWriterMemory(o->bytes, 0);
    must(o->writer && xmlTextWriterStartDocument(o->writer, "1.0", "UTF-8", NULL) >= 0);
}

void open311_end(struct open311 *o) {
    if (o->format == OPEN311_JSON) {
        json_writer_end(&o->json);
        return;
    }
    must(xmlTextWriterEndDocument(o->writer) >= 0);
    xmlFreeTextWriter(o->writer);
    buffer_append(o->to, xmlBufferContent(o->bytes), (size_t)xmlBufferLength(o->bytes));
    xmlBufferFree(o->bytes);
}

void open311_answer(struct open311 *o, struct http_request *request, int status) {
    open311_end(o);
    http_set_header(request, "Cache-Control", "no-store");
    http_answer(request, status,
                o->format == OPEN311_JSON ? "application/json; charset=utf-8" : "text/xml; charset=utf-8", o->to->data,
                o->to->length);
}

static bool is_in_list(const struct json_writer *w) {
    return w->depth > 0 && !(w->is_object >> (w->depth - 1) & 1);
}

/* In JSON only what stands in an object has a name. */
static void name_it(struct open311 *o, const char *name) {
    if (o->json.depth > 0 && !is_in_list(&o->json)) json_key(&o->json, name);
}

void open311_list(struct open311 *o, const char *name) {
    if (o->format == OPEN311_XML) {
        must(xmlTextWriterStartElement(o->writer, xml(name)) >= 0);
        return;
    }
    name_it(o, name);
    json_open_list(&o->json);
}

void open311_list_end(struct open311 *o) {
    if (o->format == OPEN311_XML)
        must(xmlTextWriterEndElement(o->writer) >= 0);
    else
        json_close_list(&o->json);
}

void open311_item(struct open311 *o, const char *name) {
    if (o->format == OPEN311_XML) {
        must(xmlTextWriterStartElement(o->writer, xml(name)) >= 0);
        return;
    }
    name_it(o, name);
    json_open(&o->json);
}

void open311_item_end(struct open311 *o) {
    if (o->format == OPEN311_XML)
        must(xmlTextWriterEndElement(o->writer) >= 0);
    else
        json_close(&o->json);
}

/* ---- values ------------------------------------------------------------------------------------------------------------------- */

/* Copies the text, writing U+FFFD for each control character XML 1.0 has no room for, and for U+FFFE and U+FFFF. */
static void keep_xml(struct buffer *to, const char *text, size_t length) {
    buffer_clear(to);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool control = c < ' ' && c != '\t' && c != '\n' && c != '\r';
        bool none = c == 0xef && i + 2 < length && (unsigned char)text[i + 1] == 0xbf &&
                    ((unsigned char)text[i + 2] | 1) == 0xbf;
        if (control || none)
            buffer_append_text(to, "\xef\xbf\xbd");
        else
            buffer_append_byte(to, c);
        if (none) i += 2;
    }
    buffer_append_byte(to, 0);
}

void open311_text(struct open311 *o, const char *name, const char *text, size_t length) {
    static struct buffer kept; /* one thread */
    if (o->format == OPEN311_JSON) {
        name_it(o, name);
        if (text && length)
            json_text(&o->json, text, length);
        else
            json_null(&o->json);
        return;
    }
    keep_xml(&kept, text ? text : "", text ? length : 0);
    must(xmlTextWriterStartElement(o->writer, xml(name)) >= 0);
    if (kept.length > 1) must(xmlTextWriterWriteString(o->writer, kept.data) >= 0);
    must(xmlTextWriterEndElement(o->writer) >= 0);
}

void open311_string(struct open311 *o, const char *name, const char *text) {
    open311_text(o, name, text, text ? strlen(text) : 0);
}

void open311_bool(struct open311 *o, const char *name, bool value) {
    if (o->format == OPEN311_XML) {
        open311_string(o, name, value ? "true" : "false");
        return;
    }
    name_it(o, name);
    json_bool(&o->json, value);
}

void open311_int(struct open311 *o, const char *name, int64_t value) {
    char text[24];
    if (o->format == OPEN311_XML) {
        snprintf(text, sizeof text, "%lld", (long long)value);
        open311_string(o, name, text);
        return;
    }
    name_it(o, name);
    json_int(&o->json, value);
}

void open311_double(struct open311 *o, const char *name, double value) {
    if (o->format == OPEN311_XML) {
        struct buffer text = {0};
        struct json_writer w; /* the shortest that reads back the same */
        json_writer_init(&w, &text);
        json_double(&w, value);
        open311_text(o, name, (const char *)text.data, text.length);
        buffer_done(&text);
        return;
    }
    name_it(o, name);
    json_double(&o->json, value);
}

void open311_time(struct open311 *o, const char *name, int64_t time) {
    char text[CLOCK_TEXT_BYTES] = "";
    if (time) clock_format(time / 1000 * 1000, text);
    open311_string(o, name, text);
}

/* ---- errors --------------------------------------------------------------------------------------------------------------------- */

void open311_fail(struct http_request *request, enum open311_format format, int status, const char *description) {
    static struct buffer text;
    struct open311 o;
    open311_begin(&o, format, &text);
    open311_list(&o, "errors");
    open311_item(&o, "error");
    open311_int(&o, "code", status);
    open311_string(&o, "description", description);
    open311_item_end(&o);
    open311_list_end(&o);
    if (status == 503) http_set_header(request, "Retry-After", "1");
    open311_answer(&o, request, status);
}
