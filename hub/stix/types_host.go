package stix

// hostShapes are the tables of the SCOs of files and computers.
func hostShapes() []*shape {
	registryValue := newShape("windows-registry-value-type", "6.17.2", nil, []property{
		may("name", isString),
		may("data", isString),
		may("data_type", windowsRegistryDatatype()),
	}, atLeastOne)
	return []*shape{
		observableShape("artifact", "6.1.1", []property{
			may("mime_type", isString),
			may("payload_bin", isBinary),
			may("url", isURL),
			may("hashes", isHashes),
			may("encryption_algorithm", encryptionAlgorithm()),
			may("decryption_key", isString),
		}, anyOf("payload_bin", "url"), notBoth("payload_bin", "url"), needs("url", "hashes"), needs("decryption_key", "encryption_algorithm")),
		observableShape("directory", "6.3.1", []property{
			must("path", isString),
			may("path_enc", isString),
			may("ctime", isTimestamp),
			may("mtime", isTimestamp),
			may("atime", isTimestamp),
			may("contains_refs", listOf(refTo("file", "directory"))),
		}),
		observableShape("file", "6.7.1", []property{
			may("hashes", isHashes),
			may("size", count()),
			may("name", isString),
			may("name_enc", isString),
			may("magic_number_hex", isHexadecimal),
			may("mime_type", isString),
			may("ctime", isTimestamp),
			may("mtime", isTimestamp),
			may("atime", isTimestamp),
			may("parent_directory_ref", refTo("directory")),
			may("contains_refs", listOf(refToObservable())),
			may("content_ref", refTo("artifact")),
		}, anyOf("hashes", "name"), needs("name_enc", "name")),
		observableShape("mutex", "6.11.1", []property{
			must("name", isString),
		}),
		observableShape("process", "6.13.1", []property{
			may("is_hidden", isBoolean),
			may("pid", anyInteger()),
			may("created_time", isTimestamp),
			may("cwd", isString),
			may("command_line", isString),
			may("environment_variables", dictionaryOf(isString)),
			may("opened_connection_refs", listOf(refTo("network-traffic"))),
			may("creator_user_ref", refTo("user-account")),
			may("image_ref", refTo("file")),
			may("parent_ref", refTo("process")),
			may("child_refs", listOf(refTo("process"))),
		}, func(c *checker, m members) {
			if !m.has("extensions") {
				atLeastOne(c, m)
			}
		}),
		observableShape("software", "6.14.1", []property{
			must("name", isString),
			may("cpe", isCPE),
			may("swid", isString),
			may("languages", listOf(isLanguage)),
			may("vendor", isString),
			may("version", isString),
		}),
		observableShape("user-account", "6.16.1", []property{
			may("user_id", isString),
			may("credential", isString),
			may("account_login", isString),
			may("account_type", accountType()),
			may("display_name", isString),
			may("is_service_account", isBoolean),
			may("is_privileged", isBoolean),
			may("can_escalate_privs", isBoolean),
			may("is_disabled", isBoolean),
			may("account_created", isTimestamp),
			may("account_expires", isTimestamp),
			may("credential_last_changed", isTimestamp),
			may("account_first_login", isTimestamp),
			may("account_last_login", isTimestamp),
		}, atLeastOne),
		observableShape("windows-registry-key", "6.17.1", []property{
			may("key", isRegistryKey),
			may("values", listOf(isA(registryValue))),
			may("modified_time", isTimestamp),
			may("creator_user_ref", refTo("user-account")),
			may("number_of_subkeys", anyInteger()),
		}, atLeastOne),
	}
}
