#!/usr/bin/env bash
# Goes through the REST API with curl and prints what is asked and what is answered, as Markdown.
# Usage: docs/transcript.sh http://127.0.0.1:8080   (a server on an empty data directory)
# docs/api-transcript.md is what it printed; a test runs it and compares.
set -euo pipefail
url=$1

# pretty: indents JSON without changing a value. Needs nothing but python3.
pretty() {
  python3 -c '
import json, sys
text = sys.stdin.read()
print(json.dumps(json.loads(text), indent=2, ensure_ascii=False))'
}

# get TITLE PATH
get() {
  printf '\n## %s\n\n```sh\ncurl "$url%s"\n```\n\n```json\n' "$1" "$2"
  curl -sS "$url$2" | pretty
  printf '```\n'
}

# get_text TITLE PATH
get_text() {
  printf '\n## %s\n\n```sh\ncurl "$url%s"\n```\n\n```text\n' "$1" "$2"
  curl -sS "$url$2"
  printf '```\n'
}

# post TITLE PATH BODY
post() {
  local quote="'\\''"
  printf '\n## %s\n\n```sh\ncurl "$url%s" -d '"'"'%s'"'"'\n```\n\n```json\n' "$1" "$2" "${3//\'/$quote}"
  answer=$(curl -sS "$url$2" --data-binary "$3")
  printf '%s' "$answer" | pretty
  printf '```\n'
}

# ended ID: waits until a job has ended.
ended() {
  for _ in $(seq 600); do
    curl -sS "$url/job-info/$1" | grep -q '"finishTime"' && return
    read -r -t 0.1 _ <> <(:) || true
  done
  echo "job $1 does not end" >&2
  exit 1
}

fake_to_console='{
    "env": {
        "job.mode": "batch"
    },
    "source": [
        {
            "plugin_name": "FakeSource",
            "result_table_name": "fake",
            "row.num": 100,
            "schema": {
                "fields": {
                    "name": "string",
                    "age": "int",
                    "card": "int"
                }
            }
        }
    ],
    "transform": [
    ],
    "sink": [
        {
            "plugin_name": "Console",
            "source_table_name": ["fake"]
        }
    ]
}'

printf '# The REST API with curl\n\nMade by `docs/transcript.sh` on an empty data directory. `$url` is the address of the server.\n'

get 'GET /overview' /overview
post 'POST /submit-job' '/submit-job?jobId=733584788375666689&jobName=rest_api_test' "$fake_to_console"
ended 733584788375666689
get 'GET /job-info (ended)' /job-info/733584788375666689
get 'GET /job-info (unknown)' /job-info/1
get 'GET /running-job' /running-job/733584788375666689
get 'GET /finished-jobs/FINISHED' /finished-jobs/FINISHED

streaming='{
    "env": {
        "job.mode": "STREAMING",
        "checkpoint.interval": 5000
    },
    "source": [
        {
            "plugin_name": "FakeSource",
            "result_table_name": "fake",
            "row.num": 100,
            "split.num": 100,
            "split.read-interval": 60000,
            "schema": {
                "fields": {
                    "name": "string",
                    "age": "int"
                }
            }
        }
    ],
    "sink": [
        {
            "plugin_name": "Console",
            "source_table_name": ["fake"]
        }
    ]
}'
for id in 881432421482889220 881432456517910529; do
  curl -sS "$url/submit-job?jobId=$id&jobName=streaming" --data-binary "$streaming" > /dev/null
done
for _ in $(seq 600); do
  curl -sS "$url/running-jobs" | grep -o '"SinkWriteCount":"1"' | wc -l | grep -q '^2$' && break
  read -r -t 0.1 _ <> <(:) || true
done
get 'GET /running-jobs' /running-jobs
post 'POST /stop-jobs' /stop-jobs '[
  {
    "jobId": 881432421482889220,
    "isStopWithSavePoint": false
  },
  {
    "jobId": 881432456517910529,
    "isStopWithSavePoint": false
  }
]'
ended 881432421482889220
ended 881432456517910529
post 'POST /stop-job' /stop-job '{
    "jobId": 733584788375666689,
    "isStopWithSavePoint": false # if job is stopped with save point
}'

post 'POST /submit-job?format=sql' '/submit-job?format=sql&jobId=733584788375666690' "/* config
env {
  job.name = \"sql_job\"
}
*/
CREATE TABLE fake WITH (
  'connector' = 'FakeSource', 'type' = 'source', 'row.num' = '3',
  'schema' = '{ fields { name = string, age = int } }'
);
CREATE TABLE out WITH ('connector' = 'Console', 'type' = 'sink');
INSERT INTO out SELECT fake;"
ended 733584788375666690
post 'POST /submit-job?dryRun=static' '/submit-job?format=hocon&dryRun=static' 'source { FakeSource { row.nmu = 3, schema { fields { id = int } } } }
sink { Console { } }'
post 'POST /submit-job?dryRun=static (problems)' '/submit-job?format=hocon&dryRun=static' 'source { FakeSource { row.num = many } }
sink { Consol { } }'
post 'POST /submit-job?dryRun=sample' '/submit-job?format=hocon&dryRun=sample' 'source {
  FakeSource {
    schema { fields { id = int, name = string } }
    rows = [ { kind = INSERT, fields = [1, "a"] }, { kind = INSERT, fields = [2, null] } ]
  }
}
transform { Copy { fields { copy = name } } }
sink { Console { } }'
get 'GET /option-rules' '/option-rules?type=sink&plugin=Console'

batch_item() {
  printf '  {\n    "params":{\n      "jobId":"%s",\n      "jobName":"%s"\n    },\n' "$1" "$2"
  printf '    "env": {\n      "job.mode": "batch"\n    },\n    "source": [\n      {\n        "plugin_name": "FakeSource",\n'
  printf '        "result_table_name": "fake",\n        "row.num": 1000,\n        "schema": {\n          "fields": {\n'
  printf '            "name": "string",\n            "age": "int",\n            "card": "int"\n          }\n        }\n      }\n    ],\n'
  printf '    "transform": [\n    ],\n    "sink": [\n      {\n        "plugin_name": "Console",\n        "source_table_name": ["fake"]\n      }\n    ]\n  }'
}
post 'POST /submit-jobs' /submit-jobs "[
$(batch_item 123456 SeaTunnel-01),
$(batch_item 1234567 SeaTunnel-02)
]"
ended 123456
ended 1234567

post 'POST /encrypt-config' /encrypt-config '{
    "env": {
        "parallelism": 1,
        "shade.identifier":"base64"
    },
    "source": [
        {
            "plugin_name": "MySQL-CDC",
            "schema" : {
                "fields": {
                    "name": "string",
                    "age": "int"
                }
            },
            "result_table_name": "fake",
            "parallelism": 1,
            "hostname": "127.0.0.1",
            "username": "seatunnel",
            "password": "seatunnel_password",
            "table-name": "inventory_vwyw0n"
        }
    ],
    "transform": [
    ],
    "sink": [
        {
            "plugin_name": "Clickhouse",
            "host": "localhost:8123",
            "database": "default",
            "table": "fake_all",
            "username": "seatunnel",
            "password": "seatunnel_password"
        }
    ]
}'
post 'POST /update-tags' /update-tags '{
  "tag1": "dev_1",
  "tag2": "dev_2"
}'
get 'GET /overview (by tags)' '/overview?tag1=dev_1&tag2=dev_2'
post 'POST /update-tags (clear)' /update-tags '{}'
post 'POST /update-tags (empty body)' /update-tags ''
get 'GET /system-monitoring-information' /system-monitoring-information
get_text 'GET /metrics' /metrics
