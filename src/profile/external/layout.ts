import { ProfilerError } from "../../core/index.ts";
import type { ElfFile } from "./elf.ts";

/** Where V8 keeps what a stack walk needs: offsets in bytes from an object's start, as the binary itself tells. */
export interface Layout {
  readonly mapInstanceType: number;
  readonly functionShared: number;
  readonly sharedNameOrScopeInfo: number;
  readonly sharedScript: number;
  readonly scriptName: number;
  readonly scriptSource: number;
  readonly stringLength: number;
  readonly stringBody: number;
  readonly externalResource: number;
  readonly consFirst: number;
  readonly consSecond: number;
  readonly slicedParent: number;
  readonly slicedOffset: number;
  readonly thinActual: number;
  readonly scopeInfoLocals: number;
  readonly scopeInfoFirstVariable: number;
  readonly functionSlot: number;
  readonly markerSlot: number;
  readonly types: {
    readonly shared: number;
    readonly script: number;
    readonly map: number;
    readonly scopeInfo: number;
    readonly firstNonString: number;
    readonly representationMask: number;
    readonly oneByte: number;
    readonly cons: number;
    readonly external: number;
    readonly sliced: number;
    readonly thin: number;
  };
  readonly frames: {
    /** C++ called JavaScript here. */
    readonly entry: ReadonlySet<number>;
    /** JavaScript called C++ here. */
    readonly exit: ReadonlySet<number>;
  };
}

/** The layout of the V8 inside a binary. Throws ProfilerError when the binary does not describe it. */
export function layoutOf(elf: ElfFile): Layout {
  const constants = elf.constants;
  const need = (...names: readonly string[]): number => {
    const name = names.find((n) => constants.has(n));
    if (name !== undefined) return constants.get(name)!;
    throw new ProfilerError(
      `${elf.path} has no symbol v8dbg_${names[0]}: it is not Node, was stripped, or keeps V8 in a shared library; ` +
        "the external engine cannot read it, attach without --external instead",
      { code: "PROFILER_NOT_NODE" },
    );
  };
  const frames = (pattern: RegExp): Set<number> =>
    new Set([...constants].filter(([name]) => pattern.test(name)).map(([, value]) => value));
  return {
    mapInstanceType: need("class_Map__instance_type__uint16_t"),
    functionShared: need("class_JSFunction__shared__SharedFunctionInfo"),
    sharedNameOrScopeInfo: need(
      "class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_",
      "class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_",
      "class_SharedFunctionInfo__name_or_scope_info__Object",
    ),
    sharedScript: need(
      "class_SharedFunctionInfo__script__Tagged_HeapObject_",
      "class_SharedFunctionInfo__script_or_debug_info__HeapObject",
    ),
    scriptName: need("class_Script__name__Object"),
    scriptSource: need("class_Script__source__Object"),
    stringLength: need("class_String__length__int32_t"),
    stringBody: need("class_SeqOneByteString__chars__char"),
    externalResource: need("class_ExternalString__resource__Object"),
    consFirst: need("class_ConsString__first__String"),
    consSecond: need("class_ConsString__second__String"),
    // Left out of the symbols by Node 24 and 26; a sliced and a thin string have kept their shape since 2013.
    slicedParent: constants.get("class_SlicedString__parent__String") ?? 16,
    slicedOffset: need("class_SlicedString__offset__SMI"),
    thinActual: need("class_ThinString__actual__String"),
    scopeInfoLocals: need("scopeinfo_idx_ncontextlocals"),
    scopeInfoFirstVariable: need("scopeinfo_idx_first_vars"),
    functionSlot: need("off_fp_function"),
    markerSlot: need("off_fp_context_or_frame_type"),
    types: {
      shared: need("type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE"),
      script: need("type_Script__SCRIPT_TYPE"),
      map: need("type_Map__MAP_TYPE"),
      scopeInfo: need("type_ScopeInfo__SCOPE_INFO_TYPE"),
      firstNonString: need("FirstNonstringType"),
      representationMask: need("StringRepresentationMask"),
      oneByte: need("OneByteStringTag"),
      cons: need("ConsStringTag"),
      external: need("ExternalStringTag"),
      sliced: need("SlicedStringTag"),
      thin: need("ThinStringTag"),
    },
    frames: {
      entry: frames(/^frametype_(Entry|ConstructEntry)Frame$/),
      exit: frames(/^frametype_.*ExitFrame$/),
    },
  };
}
