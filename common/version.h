/* The one version all programs tell: `--version`, /healthz, /readyz, the OpenAPI document, the log's first line. */
#ifndef COMMON_VERSION_H
#define COMMON_VERSION_H

#define PAIDAN_VERSION "0.1.0"

#endif
