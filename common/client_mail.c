#define _GNU_SOURCE
/* A mail as curl knows it: SMTP, with TLS unless it was said that none is there, so that nobody on the way turns it off. */
#include "common/client_internal.h"
#include "proto/must.h"

#include <stdlib.h>

static char *copied(const char *text) {
    char *copy = text != NULL ? strdup(text) : NULL;
    must((copy != NULL) == (text != NULL));
    return copy;
}

void client_mail_prepare(struct client_call *call, const struct client_mail *mail) {
    call->is_plain = mail->plain;
    call->from = copied(mail->from);
    call->user = copied(mail->user);
    call->password = copied(mail->password);
    call->to = curl_slist_append(NULL, mail->to);
    must(call->to != NULL);
}

static size_t on_read(char *to, size_t size, size_t count, void *context) {
    struct client_call *call = context;
    size_t left = call->body_length - call->body_read, bytes = size * count < left ? size * count : left;
    memcpy(to, call->body + call->body_read, bytes);
    call->body_read += bytes;
    return bytes;
}

void client_mail_set(struct client_call *call) {
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, call->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, call->to);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(call->is_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, call);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_length);
    if (call->user == NULL) return;
    curl_easy_setopt(easy, CURLOPT_USERNAME, call->user);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, call->password != NULL ? call->password : "");
}

void client_mail_free(struct client_call *call) {
    curl_slist_free_all(call->to);
    free(call->from);
    free(call->user);
    if (call->password != NULL) explicit_bzero(call->password, strlen(call->password));
    free(call->password);
}
