"""Every flag, defined once: the fields of ``Options`` hold its name, default and help.

Names and defaults are those of tensorflow_model_server, so either program can replace the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NO_EFFECT = "no_effect"


def _flag(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


def _unused(default: Any, why: str) -> Any:
    """Define a flag of the real server that is accepted but has no effect."""
    return field(default=default, metadata={"help": f"no effect here: {why}", NO_EFFECT: why})


_TFLITE = "TensorFlow Lite models are not served"
_ACCELERATOR = "models run on the processor"


@dataclass(frozen=True)
class Options:
    """The parsed command line."""

    port: int = _flag(8500, "port of gRPC; 0 takes any free one, or none with --grpc_socket_path")
    host: str = _flag(
        "", "address that both listen on; empty for every interface (not in the real server)"
    )
    grpc_socket_path: str = _flag("", "path of a Unix socket to offer gRPC on as well")
    rest_api_port: int = _flag(0, "port of REST; 0 for none")
    rest_api_num_threads: int = _flag(0, "REST requests answered at once; 0 is 4 a processor")
    rest_api_timeout_in_ms: int = _flag(30_000, "milliseconds after which REST gives up")
    rest_api_enable_cors_support: bool = _flag(False, "let pages from elsewhere use REST")
    model_name: str = _flag("default", "name of the model; not used with --model_config_file")
    model_base_path: str = _flag("", "directory whose numbered directories are the versions")
    model_config_file: str = _flag("", "text file with a ModelServerConfig: several models")
    model_config_file_poll_wait_seconds: float = _flag(
        0.0, "seconds between two reads of that file; 0 reads it once"
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "take new labels for versions that are not available yet"
    )
    file_system_poll_wait_seconds: float = _flag(
        1.0, "seconds between two looks for new versions; 0 looks once"
    )
    max_num_load_retries: int = _flag(5, "how often a failed load is tried again")
    load_retry_interval_micros: int = _flag(60_000_000, "microseconds before a failed load again")
    num_load_threads: int = _flag(0, "loads that may go on at once; 0 is one")
    saved_model_tags: str = _flag("serve", "tags of the graph to load, separated by commas")
    enable_model_warmup: bool = _flag(True, "run a new version before it is called available")
    num_request_iterations_for_warmup: int = _flag(0, "runs of each warm-up record; 0 is one")
    enable_batching: bool = _flag(False, "put calls together in batches")
    batching_parameters_file: str = _flag("", "text file with BatchingParameters")
    enable_per_model_batching_parameters: bool = _flag(
        False, "batch as batching_params.pbtxt in a version's directory says, if it is there"
    )
    grpc_max_threads: int = _flag(0, "calls under way at once; 0 is 16 a processor, at least 32")
    grpc_channel_arguments: str = _flag("", "arguments of the gRPC server: name=value,...")
    use_alts_credentials: bool = _flag(False, "ALTS for gRPC, inside Google's cloud")
    ssl_config_file: str = _flag("", "text file with an SSLConfig: TLS for gRPC")
    monitoring_config_file: str = _flag("", "text file with a MonitoringConfig: Prometheus page")
    enable_grpc_healthcheck_service: bool = _flag(False, "offer the gRPC health service")
    enable_serialization_as_tensor_content: bool = _flag(
        False, "answer Predict in tensor_content instead of typed fields"
    )
    tensorflow_session_parallelism: int = _flag(0, "sets both of the next two; 0 chooses")
    tensorflow_intra_op_parallelism: int = _flag(0, "threads of one operation; 0 chooses")
    tensorflow_inter_op_parallelism: int = _flag(0, "operations at once; 0 chooses")
    tensorflow_session_config_file: str = _flag(
        "", "text file with TensorFlow's ConfigProto; the three flags above go before it"
    )
    model_calls_at_once: int = _flag(
        0, "runs of one model at once; 0 is one more than processors (not in the real server)"
    )
    max_waiting_calls: int = _flag(
        256, "calls that may wait; more are RESOURCE_EXHAUSTED (not in the real server)"
    )
    version: bool = _flag(False, "print the versions and end")

    flush_filesystem_caches: bool = _unused(True, "files are not held in memory after a load")
    num_unload_threads: int = _unused(0, "every unload has a thread of its own")
    remove_unused_fields_from_bundle_metagraph: bool = _unused(True, "only signatures are kept")
    platform_config_file: str = _unused("", "TensorFlow is the one platform")
    enable_signature_method_name_check: bool = _unused(False, "method names are not checked")
    per_process_gpu_memory_fraction: float = _unused(0.0, _ACCELERATOR)
    xla_cpu_compilation_enabled: bool = _unused(False, "XLA is left as TensorFlow has it")
    xla_gpu_compilation_enabled: bool = _unused(False, _ACCELERATOR)
    mixed_precision: str = _unused("", _ACCELERATOR)
    skip_initialize_tpu: bool = _unused(False, _ACCELERATOR)
    prefer_tflite_model: bool = _unused(False, _TFLITE)
    num_tflite_pools: int = _unused(0, _TFLITE)
    num_tflite_interpreters_per_pool: int = _unused(1, _TFLITE)
    enable_profiler: bool = _unused(True, "there is no profiler service")
    thread_pool_factory_config_file: str = _unused("", "TensorFlow's own thread pools are used")
