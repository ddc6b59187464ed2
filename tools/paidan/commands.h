/* What the rows of commands.c run; each in the file its group is named after. */
#ifndef PAIDAN_COMMANDS_H
#define PAIDAN_COMMANDS_H

#include "tools/paidan/cli.h"

/* submit.c */
enum cli_exit run_submit(struct cli *cli);
/* tickets.c */
enum cli_exit run_queue(struct cli *cli);
enum cli_exit run_ticket(struct cli *cli);
enum cli_exit run_explain(struct cli *cli);
enum cli_exit run_similar(struct cli *cli);
/* act.c */
enum cli_exit run_do(struct cli *cli);
/* act_many.c */
enum cli_exit run_do_many(struct cli *cli);
/* The command's fields as given by options, into an object that is open; shared by both. */
struct json_writer;
void act_put_fields(struct json_writer *w, const struct cli *cli);
/* Whether there is such a command; otherwise said which there are. */
bool act_is_command(const struct cli *cli, const char *command);
/* people.c */
enum cli_exit run_user_add(struct cli *cli);
enum cli_exit run_user_list(struct cli *cli);
enum cli_exit run_user_disable(struct cli *cli);
enum cli_exit run_user_enable(struct cli *cli);
enum cli_exit run_token_create(struct cli *cli);
enum cli_exit run_token_list(struct cli *cli);
enum cli_exit run_token_revoke(struct cli *cli);
enum cli_exit run_bus_key_add(struct cli *cli);
enum cli_exit run_bus_key_list(struct cli *cli);
enum cli_exit run_bus_key_remove(struct cli *cli);
/* reference.c */
enum cli_exit run_import(struct cli *cli);
enum cli_exit run_export(struct cli *cli);
/* letters.c */
enum cli_exit run_carrier_list(struct cli *cli);
enum cli_exit run_carrier_set(struct cli *cli);
enum cli_exit run_carrier_remove(struct cli *cli);
enum cli_exit run_way_list(struct cli *cli);
enum cli_exit run_way_set(struct cli *cli);
enum cli_exit run_template_list(struct cli *cli);
enum cli_exit run_template_set(struct cli *cli);
enum cli_exit run_template_reset(struct cli *cli);
enum cli_exit run_template_preview(struct cli *cli);
enum cli_exit run_letters(struct cli *cli);
enum cli_exit run_letter(struct cli *cli);

/* mappings.c */
enum cli_exit run_mapping_import(struct cli *cli);
enum cli_exit run_mapping_show(struct cli *cli);
enum cli_exit run_mapping_preview(struct cli *cli);
enum cli_exit run_mapping_remove(struct cli *cli);
/* calendar.c; what a file says, worked out here */
enum cli_exit run_calendar_show(struct cli *cli);
/* preview.c; what it would move, worked out by the server */
enum cli_exit run_preview(struct cli *cli);
/* rules.c */
enum cli_exit run_rule_list(struct cli *cli);
enum cli_exit run_rule_preview(struct cli *cli);
enum cli_exit run_rule_import(struct cli *cli);
enum cli_exit run_rule_test(struct cli *cli);
enum cli_exit run_rule_drafts(struct cli *cli);
/* house.c */
enum cli_exit run_status(struct cli *cli);
enum cli_exit run_rebuild(struct cli *cli);
enum cli_exit run_attachment_put(struct cli *cli);
enum cli_exit run_attachment_get(struct cli *cli);
enum cli_exit run_attachment_list(struct cli *cli);
enum cli_exit run_deadletter_list(struct cli *cli);
enum cli_exit run_deadletter_replay(struct cli *cli);
enum cli_exit run_deadletter_discard(struct cli *cli);
enum cli_exit run_deadletter_correct(struct cli *cli);
enum cli_exit run_endpoint_add(struct cli *cli);
enum cli_exit run_endpoint_list(struct cli *cli);
enum cli_exit run_endpoint_pause(struct cli *cli);
enum cli_exit run_endpoint_resume(struct cli *cli);
enum cli_exit run_endpoint_remove(struct cli *cli);
enum cli_exit run_endpoint_verify(struct cli *cli);
enum cli_exit run_endpoint_test(struct cli *cli);
enum cli_exit run_endpoint_rotate(struct cli *cli);
enum cli_exit run_endpoint_attempts(struct cli *cli);
enum cli_exit run_network_list(struct cli *cli);
enum cli_exit run_network_approve(struct cli *cli);
enum cli_exit run_network_withdraw(struct cli *cli);
enum cli_exit run_audit(struct cli *cli);
/* events.c */
enum cli_exit run_events(struct cli *cli);
/* reconcile.c */
enum cli_exit run_reconcile(struct cli *cli);
/* setup.c */
enum cli_exit run_setup_code(struct cli *cli);
enum cli_exit run_setup(struct cli *cli);
enum cli_exit run_key_create(struct cli *cli);
/* figures.c, figures_verify.c */
enum cli_exit run_figures(struct cli *cli);
enum cli_exit run_figures_restart(struct cli *cli);
enum cli_exit run_figures_verify(struct cli *cli);
/* verify.c */
enum cli_exit run_verify(struct cli *cli);

#endif
