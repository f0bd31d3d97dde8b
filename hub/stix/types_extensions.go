package stix

// predefinedExtensions are the extensions of sections 6.7 to 6.16 (STIX 2.1, 3.10).
func predefinedExtensions() map[string]predefined {
	all := make(map[string]predefined)
	for of, shapes := range map[string][]*shape{
		"file":            fileExtensions(),
		"network-traffic": trafficExtensions(),
		"process":         processExtensions(),
		"user-account": {newShape("unix-account-ext", "6.16.2", nil, []property{
			may("gid", anyInteger()),
			may("groups", listOf(isString)),
			may("home_dir", isString),
			may("shell", isString),
		}, atLeastOne)},
	} {
		for _, s := range shapes {
			all[s.name] = predefined{of: of, shape: s}
		}
	}
	return all
}

func fileExtensions() []*shape {
	stream := newShape("alternate-data-stream-type", "6.7.3.2", nil, []property{
		must("name", isString),
		may("hashes", isHashes),
		may("size", count()),
	})
	return []*shape{
		newShape("archive-ext", "6.7.2", nil, []property{
			must("contains_refs", listOf(refTo("file", "directory"))),
			may("comment", isString),
		}),
		newShape("ntfs-ext", "6.7.3", nil, []property{
			may("sid", isString),
			may("alternate_data_streams", listOf(isA(stream))),
		}, atLeastOne),
		newShape("pdf-ext", "6.7.4", nil, []property{
			may("version", isString),
			may("is_optimized", isBoolean),
			may("document_info_dict", dictionaryOf(isString)),
			may("pdfid0", isString),
			may("pdfid1", isString),
		}, atLeastOne),
		newShape("raster-image-ext", "6.7.5", nil, []property{
			may("image_height", anyInteger()),
			may("image_width", anyInteger()),
			may("bits_per_pixel", anyInteger()),
			may("exif_tags", dictionaryOf(isIntegerOrString)),
		}, atLeastOne),
		windowsPE(),
	}
}

func windowsPE() *shape {
	section := newShape("windows-pe-section-type", "6.7.6.3", nil, []property{
		must("name", isString),
		may("size", count()),
		may("entropy", anyFloat()),
		may("hashes", isHashes),
	})
	header := newShape("windows-pe-optional-header-type", "6.7.6.2", nil, []property{
		may("magic_hex", isHexadecimal),
		may("major_linker_version", anyInteger()),
		may("minor_linker_version", anyInteger()),
		may("size_of_code", count()),
		may("size_of_initialized_data", count()),
		may("size_of_uninitialized_data", count()),
		may("address_of_entry_point", anyInteger()),
		may("base_of_code", anyInteger()),
		may("base_of_data", anyInteger()),
		may("image_base", anyInteger()),
		may("section_alignment", anyInteger()),
		may("file_alignment", anyInteger()),
		may("major_os_version", anyInteger()),
		may("minor_os_version", anyInteger()),
		may("major_image_version", anyInteger()),
		may("minor_image_version", anyInteger()),
		may("major_subsystem_version", anyInteger()),
		may("minor_subsystem_version", anyInteger()),
		may("win32_version_value_hex", isHexadecimal),
		may("size_of_image", count()),
		may("size_of_headers", count()),
		may("checksum_hex", isHexadecimal),
		may("subsystem_hex", isHexadecimal),
		may("dll_characteristics_hex", isHexadecimal),
		may("size_of_stack_reserve", count()),
		may("size_of_stack_commit", count()),
		may("size_of_heap_reserve", count()),
		may("size_of_heap_commit", count()),
		may("loader_flags_hex", isHexadecimal),
		may("number_of_rva_and_sizes", anyInteger()),
		may("hashes", isHashes),
	}, atLeastOne)
	return newShape("windows-pebinary-ext", "6.7.6", nil, []property{
		must("pe_type", windowsPEType()),
		may("imphash", isString),
		may("machine_hex", isHexadecimal),
		may("number_of_sections", count()),
		may("time_date_stamp", isTimestamp),
		may("pointer_to_symbol_table_hex", isHexadecimal),
		may("number_of_symbols", count()),
		may("size_of_optional_header", count()),
		may("characteristics_hex", isHexadecimal),
		may("file_header_hashes", isHashes),
		may("optional_header", isA(header)),
		may("sections", listOf(isA(section))),
	}, func(c *checker, m members) {
		if m.seen&^m.shape.required == 0 {
			c.fail("6.7.6", "must have at least one property beside pe_type")
		}
	})
}

func trafficExtensions() []*shape {
	return []*shape{
		newShape("http-request-ext", "6.12.2", nil, []property{
			must("request_method", isString),
			must("request_value", isString),
			may("request_version", isString),
			may("request_header", dictionaryOf(listOf(isString))),
			may("message_body_length", anyInteger()),
			may("message_body_data_ref", refTo("artifact")),
		}),
		newShape("icmp-ext", "6.12.3", nil, []property{
			must("icmp_type_hex", isHexadecimal),
			must("icmp_code_hex", isHexadecimal),
		}),
		newShape("socket-ext", "6.12.4", nil, []property{
			must("address_family", socketAddressFamily()),
			may("is_blocking", isBoolean),
			may("is_listening", isBoolean),
			may("options", dictionaryOf(anyInteger())),
			may("socket_type", socketType()),
			may("socket_descriptor", count()),
			may("socket_handle", anyInteger()),
		}),
		newShape("tcp-ext", "6.12.5", nil, []property{
			may("src_flags_hex", isHexadecimal),
			may("dst_flags_hex", isHexadecimal),
		}, atLeastOne),
	}
}

func processExtensions() []*shape {
	return []*shape{
		newShape("windows-process-ext", "6.13.2", nil, []property{
			may("aslr_enabled", isBoolean),
			may("dep_enabled", isBoolean),
			may("priority", isString),
			may("owner_sid", isString),
			may("window_title", isString),
			may("windows_title", isString), // as the errata of 2025 print it
			may("startup_info", dictionaryOf(isAnything)),
			may("integrity_level", windowsIntegrityLevel()),
		}, atLeastOne),
		newShape("windows-service-ext", "6.13.3", nil, []property{
			may("service_name", isString),
			may("descriptions", listOf(isString)),
			may("display_name", isString),
			may("group_name", isString),
			may("start_type", windowsServiceStartType()),
			may("service_dll_refs", listOf(refTo("file"))),
			may("service_type", windowsServiceType()),
			may("service_status", windowsServiceStatus()),
		}, atLeastOne),
	}
}
